// Fused asymmetric cascade on tensor cores, for clips of T = 3 frames and "same" zero padding:
//
//   y = relu(b3 + w3 (T) relu(b2 + w2 (W) relu(b1 + w1 (H) x)))      and, with MAPS, both 1x1x1 heads behind it
//
//   x        [B, 3, H, W, C_IN] halves, or PLANAR: [B, C_IN, 3, H, W] float32
//   weights  steps of K_CHUNK input channels of one tap in the order they are used, each [K_CHUNK / 8][C_OUT][8]
//   biases   [3][C_OUT], then [C_OUT] and [MAPS] of the heads, float32
//   y        [B, 3, H, W, C_OUT] halves, or with MAPS: [B, MAPS, 3, H, W] float32
//
// A block computes all frames of one row, TILE_W columns wide, in all channels, so that only the rows above and
// below are read twice and no intermediate leaves shared memory:
//
//        column -1   0            TILE_W-1  TILE_W
//   t=0     |halo|   tile ...          |halo|        kept per channel octet: [C_OUT / 8][3 * (TILE_W + 2)][8]
//   t=1     |halo|   tile ...          |halo|
//   t=2     |halo|   tile ...          |halo|
//
// A warp owns 16 columns x 64 channels, or all channels where they are fewer, in all three frames: the two taps of the
// T convolution that see only padding are left out, and this saves every warp the same. Each stage is written over the
// one before it, whose sums are all in registers by then.
//
// Set by the launcher (kernels/plan.py): HALF (F16, BF16), C_IN, C_OUT, TILE_W, K_CHUNK, SLOTS, PLANAR, MAPS and
// HALO: 1 when a row takes several tiles, so that the columns beside this tile are computed too.

constexpr int WARP_CHANNELS = C_OUT < 64 ? C_OUT : 64, WARP_TILES = WARP_CHANNELS / 8;  // tiles of 8 channels
constexpr int WARPS_W = TILE_W / 16, WARPS_C = C_OUT / WARP_CHANNELS, THREADS = 32 * WARPS_W * WARPS_C;
constexpr int PATCH = 64;  // planar: the taps of all channels of one pixel, 3 * 21 = 63, zero padded

constexpr int TILE_COLUMNS = TILE_W + 2, X_COLUMNS = HALO ? TILE_COLUMNS : TILE_W;
constexpr int TILE_PLANE = PLANE<FRAMES * TILE_COLUMNS, 64 / WARP_CHANNELS>;
constexpr int X_PLANE = PLANE<FRAMES * X_COLUMNS, 64 / K_CHUNK>;
constexpr int FIRST_COLUMN = HALO ? 0 : 1;  // where the first stage's columns begin in the tile

constexpr int TILE_OCTETS = (PLANAR && PATCH > C_OUT ? PATCH : C_OUT) / 8;  // patches lie in the tile at first
constexpr int TILE_BYTES = TILE_OCTETS * TILE_PLANE * 16, WEIGHT_BYTES = K_CHUNK * C_OUT * 2;
constexpr int X_BYTES = PLANAR ? 0 : K_CHUNK / 8 * X_PLANE * 16, SLOT_BYTES = WEIGHT_BYTES + X_BYTES;
constexpr int SHARED_BYTES = TILE_BYTES + SLOTS * SLOT_BYTES;

constexpr int STEPS_H = PLANAR ? PATCH / K_CHUNK : (C_IN + K_CHUNK - 1) / K_CHUNK * TAPS;
constexpr int STEPS_C = C_OUT / K_CHUNK;
constexpr int BEGIN_W = STEPS_H, BEGIN_T = BEGIN_W + TAPS * STEPS_C, BEGIN_HEAD = BEGIN_T + TAPS * STEPS_C;
constexpr int MAPS_STEP = BEGIN_HEAD + STEPS_C, STEPS = MAPS ? MAPS_STEP + 1 : BEGIN_HEAD;

// Tiles of the halo columns per warp; where a row of warps is longer than they are many, its last warps have none.
constexpr int HALO_TILES = HALO && WARP_TILES > WARPS_W ? WARP_TILES / WARPS_W : 1;
constexpr int MAP_TILES = (MAPS + 7) / 8;

static_assert(C_OUT % WARP_CHANNELS == 0 && WARP_CHANNELS % 16 == 0 && TILE_W % 16 == 0 && SLOTS >= 2, "tile");
static_assert(K_CHUNK % 16 == 0 && K_CHUNK <= 64 && C_OUT % K_CHUNK == 0, "steps");
static_assert(PLANAR ? TAPS * C_IN <= PATCH : C_IN % 8 == 0, "input channels");
static_assert(!HALO || WARP_TILES % HALO_TILES == 0 && WARP_TILES <= HALO_TILES * WARPS_W, "every halo tile has a warp");
static_assert(MAPS == 0 || MAPS <= K_CHUNK && C_OUT % 32 == 0, "the last head is one step of 32 channels at a time");
static_assert(SHARED_BYTES <= 232448, "shared memory of the largest device");

struct Cascade {
  const void* x;
  const byte* weights;
  const float* biases;
  void* y;
  int H, W;
  int b, h, w0;  // clip, row and first column of this tile
  int thread, lane, warp_w, warp_c;
  byte *tile, *ring;
  float sum[FRAMES][WARP_TILES][4];  // [frame][8 channels][fragment of 16 columns x 8 channels]
  float halo_sum[HALO_TILES][4];

  __device__ __forceinline__ byte* weight_slot(int step) { return ring + step % SLOTS * SLOT_BYTES; }
  __device__ __forceinline__ byte* x_slot(int step) { return weight_slot(step) + WEIGHT_BYTES; }
  __device__ __forceinline__ bool in_row(int w) { return w >= 0 && w < W; }

  __device__ __forceinline__ void start(int step) {
    if (step < STEPS) {
      const byte* source = weights + (u64)step * WEIGHT_BYTES;
      byte* target = weight_slot(step);
      for (int i = thread; i < WEIGHT_BYTES / 16; i += THREADS) copy_async(target + i * 16, source + i * 16, true);
      if (!PLANAR && step < STEPS_H) start_x(step);
    }
    copies_commit();  // empty groups behind the last step keep the count of `advance` right
  }

  __device__ __forceinline__ void start_x(int step) {
    int row_h = h + step % TAPS - 1, first_channel = step / TAPS * K_CHUNK;
    bool in_column = row_h >= 0 && row_h < H;
    auto x_bthwc = (const unsigned short*)x;
    for (int i = thread; i < FRAMES * X_COLUMNS * K_CHUNK / 8; i += THREADS) {
      int octet = i % (K_CHUNK / 8), pixel = i / (K_CHUNK / 8), t = pixel / X_COLUMNS;
      int w = w0 + pixel % X_COLUMNS - HALO, channel = first_channel + octet * 8;
      bool inside = in_column && in_row(w) && channel < C_IN;
      u64 source = inside ? ((((u64)b * FRAMES + t) * H + row_h) * W + w) * C_IN + channel : 0;
      copy_async(x_slot(step) + (octet * X_PLANE + pixel) * 16, x_bthwc + source, inside);
    }
  }

  // Planar x: the three rows of every pixel and channel become one vector of PATCH values, tap by tap, laid out
  // like a tile, over which the first stage then runs as a 1x1x1 convolution. Neighbouring threads read
  // neighbouring columns.
  __device__ __forceinline__ void gather_patches() {
    constexpr int PIXELS = FRAMES * X_COLUMNS;
    auto x_bcthw = (const float*)x;
    for (int i = thread; i < PATCH / 8 * PIXELS; i += THREADS) {
      int octet = i / PIXELS, t = i % PIXELS / X_COLUMNS, column = i % PIXELS % X_COLUMNS, w = w0 + column - HALO;
      float value[8];
#pragma unroll
      for (int j = 0; j < 8; j++) {
        int tap = (octet * 8 + j) / C_IN, channel = (octet * 8 + j) % C_IN, row_h = h + tap - 1;
        bool inside = tap < TAPS && row_h >= 0 && row_h < H && in_row(w);
        u64 source = ((((u64)b * C_IN + channel) * FRAMES + t) * H + row_h) * W + w;
        value[j] = inside ? x_bcthw[source] : 0.f;
      }
      *(uint4*)(tile + (octet * TILE_PLANE + t * TILE_COLUMNS + column + FIRST_COLUMN) * 16) =
          make_uint4(pack(value[0], value[1], HALF()), pack(value[2], value[3], HALF()),
                     pack(value[4], value[5], HALF()), pack(value[6], value[7], HALF()));
    }
  }

  // A whole row in one tile: the columns beside it are padding, in every stage.
  __device__ __forceinline__ void clear_border() {
    for (int i = thread; i < FRAMES * 2 * C_OUT / 8; i += THREADS) {
      int octet = i % (C_OUT / 8), side = i / (C_OUT / 8) % 2, t = i / (C_OUT / 4);
      *(uint4*)(tile + (octet * TILE_PLANE + t * TILE_COLUMNS + side * (TILE_W + 1)) * 16) = make_uint4(0, 0, 0, 0);
    }
  }

  // The data of `step` are here, every warp is done with the step before it, whose slot is filled anew.
  __device__ __forceinline__ void advance(int step) {
    copies_wait<SLOTS - 2>();
    __syncthreads();
    start(step + SLOTS - 1);
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int t = 0; t < FRAMES; t++)
#pragma unroll
      for (int i = 0; i < WARP_TILES; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) sum[t][i][j] = 0.f;
  }

  // sum[t] += 16 columns of frame t + shift x the weights of `step`. `a` is the first octet of the chunk, in planes
  // of A_PLANE rows; the warp's first column is row `row` of frame 0, frame t lies t * columns further.
  template <int A_PLANE, bool WITH_HALO = false>
  __device__ __forceinline__ void accumulate(int step, const byte* a, int row, int columns, int shift) {
    int output = warp_c * WARP_CHANNELS + (lane >> 4) * 8 + (lane & 7);
    const byte* b_lane = weight_slot(step) + ((lane >> 3 & 1) * C_OUT + output) * 16;
    const byte* a_lane = a + ((lane >> 4) * A_PLANE + row + (lane & 15)) * 16;
    int beside = min(lane & 15, 2 * FRAMES - 1);  // the two halo columns of each frame are six rows of one fragment
    const byte* halo_lane = a + ((lane >> 4) * A_PLANE + (beside >> 1) * columns + TILE_W + (beside & 1)) * 16;
#pragma unroll
    for (int k = 0; k < K_CHUNK / 16; k++) {
      u32 a_frame[FRAMES][4], a_halo[4];
#pragma unroll
      for (int t = 0; t < FRAMES; t++)
        if (t + shift >= 0 && t + shift < FRAMES)
          load_matrices(a_frame[t], a_lane + (k * 2 * A_PLANE + (t + shift) * columns) * 16);
      if constexpr (WITH_HALO) load_matrices(a_halo, halo_lane + k * 2 * A_PLANE * 16);
#pragma unroll
      for (int i = 0; i < WARP_TILES; i += 2) {
        u32 b_pair[4];
        load_matrices(b_pair, b_lane + (k * 2 * C_OUT + i * 8) * 16);
#pragma unroll
        for (int t = 0; t < FRAMES; t++)
          if (t + shift >= 0 && t + shift < FRAMES) {
            multiply(sum[t][i], a_frame[t], b_pair[0], b_pair[1], HALF());
            multiply(sum[t][i + 1], a_frame[t], b_pair[2], b_pair[3], HALF());
          }
        if constexpr (WITH_HALO) {  // each row of warps takes its share of the channels
          if (i / HALO_TILES == warp_w) multiply(halo_sum[i % HALO_TILES], a_halo, b_pair[0], b_pair[1], HALF());
          if ((i + 1) / HALO_TILES == warp_w)
            multiply(halo_sum[(i + 1) % HALO_TILES], a_halo, b_pair[2], b_pair[3], HALF());
        }
      }
    }
  }

  // Bias, ReLU and rounding of two neighbouring channels of one pixel. What lies outside the picture is zero: it is
  // the next stage's padding.
  __device__ __forceinline__ void put(int t, int column, int channel, float v0, float v1, const float* bias,
                                      bool inside) {
    u32 pair = inside ? pack_relu(v0 + bias[channel], v1 + bias[channel + 1], HALF()) : 0;
    *(u32*)(tile + (channel / 8 * TILE_PLANE + t * TILE_COLUMNS + column) * 16 + channel % 8 * 2) = pair;
  }

  // The sums become the tile; the first computed column goes to column `offset` of the tile, `w` in the picture.
  __device__ __forceinline__ void store(const float* bias, int offset, int w) {
#pragma unroll
    for (int t = 0; t < FRAMES; t++)
#pragma unroll
      for (int i = 0; i < WARP_TILES; i++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
          int column = warp_w * 16 + (lane >> 2) + half * 8, channel = warp_c * WARP_CHANNELS + i * 8 + (lane & 3) * 2;
          const float* pair = &sum[t][i][2 * half];
          put(t, column + offset, channel, pair[0], pair[1], bias, in_row(w + column));
        }
  }

  __device__ __forceinline__ void store_halo() {
    int row = lane >> 2, column = TILE_W + (row & 1);
    if (row >= 2 * FRAMES || warp_w * HALO_TILES >= WARP_TILES) return;
#pragma unroll
    for (int i = 0; i < HALO_TILES; i++) {
      int channel = warp_c * WARP_CHANNELS + (warp_w * HALO_TILES + i) * 8 + (lane & 3) * 2;
      put(row >> 1, column, channel, halo_sum[i][0], halo_sum[i][1], biases, in_row(w0 - 1 + column));
    }
  }

  __device__ __forceinline__ const byte* chunk(int k) { return tile + k * (K_CHUNK / 8) * TILE_PLANE * 16; }

  __device__ __forceinline__ void convolve_h() {
    clear();
#pragma unroll
    for (int i = 0; i < HALO_TILES; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) halo_sum[i][j] = 0.f;
#pragma unroll 1
    for (int step = 0; step < STEPS_H; step++) {
      advance(step);
      if constexpr (PLANAR)
        accumulate<TILE_PLANE, HALO>(step, chunk(step), warp_w * 16 + FIRST_COLUMN, TILE_COLUMNS, 0);
      else
        accumulate<X_PLANE, HALO>(step, x_slot(step), warp_w * 16, X_COLUMNS, 0);
    }
    if (PLANAR) __syncthreads();  // the patches lie where the sums go
    store(biases, FIRST_COLUMN, w0 - HALO);
    if (HALO) store_halo();
  }

  __device__ __forceinline__ void convolve_w() {
    clear();
#pragma unroll 1
    for (int i = 0; i < TAPS * STEPS_C; i++) {
      advance(BEGIN_W + i);
      accumulate<TILE_PLANE>(BEGIN_W + i, chunk(i / TAPS), warp_w * 16 + i % TAPS, TILE_COLUMNS, 0);
    }
    __syncthreads();
    store(biases + C_OUT, 1, w0);
  }

  __device__ __forceinline__ void convolve_t() {
    clear();
#pragma unroll 1
    for (int k = 0; k < STEPS_C; k++)
#pragma unroll
      for (int tap = 0; tap < TAPS; tap++) {
        int step = BEGIN_T + k * TAPS + tap;
        advance(step);
        accumulate<TILE_PLANE>(step, chunk(k), warp_w * 16 + 1, TILE_COLUMNS, tap - 1);
      }
    __syncthreads();
    store(biases + 2 * C_OUT, 1, w0);
  }

  __device__ __forceinline__ void write_tile() {
    __syncthreads();
    auto y_bthwc = (unsigned short*)y;
    for (int i = thread; i < FRAMES * TILE_W * C_OUT / 8; i += THREADS) {
      int octet = i % (C_OUT / 8), pixel = i / (C_OUT / 8), t = pixel / TILE_W, column = pixel % TILE_W;
      u64 target = ((((u64)b * FRAMES + t) * H + h) * W + w0 + column) * C_OUT + octet * 8;
      if (in_row(w0 + column))
        *(uint4*)(y_bthwc + target) =
            *(const uint4*)(tile + (octet * TILE_PLANE + t * TILE_COLUMNS + column + 1) * 16);
    }
  }

  __device__ __forceinline__ void first_head() {
    clear();
#pragma unroll 1
    for (int k = 0; k < STEPS_C; k++) {
      advance(BEGIN_HEAD + k);
      accumulate<TILE_PLANE>(BEGIN_HEAD + k, chunk(k), warp_w * 16 + 1, TILE_COLUMNS, 0);
    }
    __syncthreads();
    store(biases + 3 * C_OUT, 1, w0);
  }

  // The second head's weights are one step, [C_OUT / 8][K_CHUNK maps][8]. Tiles of 8 maps go round the warps of one
  // column; the sums, not rounded, go straight to global memory.
  __device__ __forceinline__ void last_head() {
    advance(MAPS_STEP);
    auto maps_bjthw = (float*)y;
    const byte* a_lane = tile + ((lane >> 4) * TILE_PLANE + warp_w * 16 + 1 + (lane & 15)) * 16;
#pragma unroll 1
    for (int i = warp_c; i < MAP_TILES; i += WARPS_C) {
      const byte* b_lane = weight_slot(MAPS_STEP) + ((lane >> 3) * K_CHUNK + i * 8 + (lane & 7)) * 16;
      float map_sum[FRAMES][4] = {};
#pragma unroll 2
      for (int k = 0; k < C_OUT / 32; k++) {
        u32 b_quad[4];
        load_matrices(b_quad, b_lane + k * 4 * K_CHUNK * 16);
#pragma unroll
        for (int t = 0; t < FRAMES; t++)
#pragma unroll
          for (int half = 0; half < 2; half++) {
            u32 a_frame[4];
            load_matrices(a_frame, a_lane + ((k * 4 + half * 2) * TILE_PLANE + t * TILE_COLUMNS) * 16);
            multiply(map_sum[t], a_frame, b_quad[2 * half], b_quad[2 * half + 1], HALF());
          }
      }
#pragma unroll
      for (int t = 0; t < FRAMES; t++)
#pragma unroll
        for (int j = 0; j < 4; j++) {
          int map = i * 8 + (lane & 3) * 2 + j % 2, w = w0 + warp_w * 16 + (lane >> 2) + j / 2 * 8;
          u64 target = ((((u64)b * MAPS + map) * FRAMES + t) * H + h) * W + w;
          if (map < MAPS && in_row(w)) maps_bjthw[target] = map_sum[t][j] + biases[4 * C_OUT + map];
        }
    }
  }

  __device__ __forceinline__ void run() {
#pragma unroll 1
    for (int step = 0; step < SLOTS - 1; step++) start(step);
    if (!HALO) clear_border();
    if constexpr (PLANAR) gather_patches();
    convolve_h();
    convolve_w();
    convolve_t();
    if constexpr (MAPS > 0) {
      first_head();
      last_head();
    } else {
      write_tile();
    }
  }
};

extern "C" __global__ void __launch_bounds__(THREADS)
    cascade(const void* __restrict__ x, const byte* __restrict__ weights, const float* __restrict__ biases,
            void* __restrict__ y, int H, int W) {
  Cascade tile;
  tile.x = x, tile.weights = weights, tile.biases = biases, tile.y = y, tile.H = H, tile.W = W;
  tile.w0 = blockIdx.x * TILE_W, tile.h = blockIdx.y, tile.b = blockIdx.z;
  tile.thread = threadIdx.x, tile.lane = threadIdx.x % 32;
  tile.warp_w = threadIdx.x / 32 % WARPS_W, tile.warp_c = threadIdx.x / 32 / WARPS_W;
  tile.tile = shared_memory(), tile.ring = tile.tile + TILE_BYTES;
  tile.run();
}
