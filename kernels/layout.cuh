// What both kernels share of their layout.

constexpr int FRAMES = 3, TAPS = 3;

// Eight rows of one octet are 128 consecutive bytes, which is what a matrix load reads: no bank conflict whatever the
// first row. A plane's rows are REMAINDER modulo 8, so that the octets of one row keep apart as well: 1 for eight
// octets, 2 for four, 4 for two.
template <int ROWS, int REMAINDER>
constexpr int PLANE = ROWS + (REMAINDER - ROWS % 8 + 8) % 8;
