"""From depth to joints: geometry, clips, networks, model files, inference, and tracking one recording."""
