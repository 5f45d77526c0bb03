"""Series of limbs and body in time: position, speed, angles, speed floor, activity and epochs."""
