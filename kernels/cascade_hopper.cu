// The cascade of cascade.cu for Hopper (sm_90a): the same operation, tensors and packed weights.
//
// A block, or a cluster of two side by side, computes all frames of one row at a time and goes on to the next row of
// its own. Four warpgroups: one brings data, three multiply. Multiplying group t owns frame t, so the H and W
// convolutions need no barrier beyond the group; only the T convolution waits for the other frames.
//
//   weights   one thread   bulk copies into a ring of WEIGHT_SLOTS; a cluster fetches each step once: every block
//                          copies its share to all
//   x         96 threads   16-byte copies into a ring of X_SLOTS
//   column beside the tile: the neighbour block writes it here with its own tile, nothing is computed twice
//
// A full barrier of a slot says that its data are here, a free barrier that nobody reads it any more. Matrices are
// octet planar as in cascade.cu, so that a tap is the same matrix some rows further on.
//
// Set by the launcher (kernels/plan.py): HALF, C_IN, C_OUT (128, 256), TILE_W, CLUSTER, K_CHUNK (32), WEIGHT_SLOTS,
// X_SLOTS, MAPS. A row has at most TILE_W * CLUSTER columns.

constexpr int GROUP = 128, THREADS = (1 + FRAMES) * GROUP, LOADERS = 96;
constexpr int M_TILES = TILE_W / 64, N_TILES = C_OUT / 128, OCTETS = K_CHUNK / 8;

constexpr int TILE_COLUMNS = TILE_W + 2;
constexpr int TILE_PLANE = PLANE<FRAMES * TILE_COLUMNS, 1> * 16, X_PLANE = PLANE<FRAMES * TILE_W, 2> * 16;  // bytes
constexpr int TILE_BYTES = C_OUT / 8 * TILE_PLANE, WEIGHT_BYTES = K_CHUNK * C_OUT * 2, X_BYTES = OCTETS * X_PLANE;
constexpr int BARRIERS = 2 * WEIGHT_SLOTS + 2 * X_SLOTS + 2 * FRAMES;
constexpr int SHARED_BYTES = TILE_BYTES + WEIGHT_SLOTS * WEIGHT_BYTES + X_SLOTS * X_BYTES + BARRIERS * 8;

constexpr int STEPS_H = (C_IN + K_CHUNK - 1) / K_CHUNK * TAPS, STEPS_C = C_OUT / K_CHUNK;
constexpr int STEPS = STEPS_H + 2 * TAPS * STEPS_C + (MAPS ? STEPS_C + 1 : 0);
constexpr int ALL_FRAMES = 4;  // named barrier of the three multiplying groups; 1 + t is group t's own

static_assert(C_OUT % 128 == 0 && C_IN % 8 == 0 && TILE_W % 64 == 0 && K_CHUNK == 32 && MAPS <= K_CHUNK, "tile");
static_assert(CLUSTER == 1 || CLUSTER == 2, "a block has one neighbour at most");
static_assert(SHARED_BYTES <= 232448 && WEIGHT_BYTES % (16 * CLUSTER) == 0, "shared memory");

// Position in a ring of slots, and the parity of the phase in which its slot is.
template <int SLOTS>
struct Ring {
  int slot = 0;
  u32 phase = 0;
  __device__ __forceinline__ void next() {
    if (++slot == SLOTS) slot = 0, phase ^= 1;
  }
};

struct Cascade {
  const unsigned short* x_bthwc;
  const byte* weights;
  const float* biases;
  void* y;
  int H, W;
  int rank, w0;  // block in the cluster, first column of its tile
  int tiles, first_tile, stride;
  byte *tile, *weight_ring, *x_ring;
  u64 *weight_full, *weight_free, *x_full, *x_free, *halo_full, *halo_free;

  __device__ __forceinline__ void place(byte* shared) {
    tile = shared, weight_ring = tile + TILE_BYTES, x_ring = weight_ring + WEIGHT_SLOTS * WEIGHT_BYTES;
    weight_full = (u64*)(x_ring + X_SLOTS * X_BYTES), weight_free = weight_full + WEIGHT_SLOTS;
    x_full = weight_free + WEIGHT_SLOTS, x_free = x_full + X_SLOTS;
    halo_full = x_free + X_SLOTS, halo_free = halo_full + FRAMES;
  }
  __device__ __forceinline__ void init_barriers() {
    for (int i = 0; i < WEIGHT_SLOTS; i++) {
      barrier_init(weight_full + i, 1);
      barrier_init(weight_free + i, FRAMES * CLUSTER);  // every block's copy fills every block's slot
    }
    for (int i = 0; i < X_SLOTS; i++) barrier_init(x_full + i, LOADERS), barrier_init(x_free + i, FRAMES);
    for (int t = 0; t < FRAMES; t++) barrier_init(halo_full + t, 1), barrier_init(halo_free + t, 1);
    barriers_visible();
  }

  // ---- the group that brings data

  __device__ __forceinline__ void bring_weights() {
    Ring<WEIGHT_SLOTS> ring;
    for (int row = first_tile; row < tiles; row += stride)
#pragma unroll 1
      for (int step = 0; step < STEPS; step++, ring.next()) {
        constexpr int SHARE = WEIGHT_BYTES / CLUSTER;
        byte* target = weight_ring + ring.slot * WEIGHT_BYTES + rank * SHARE;
        const byte* source = weights + (u64)step * WEIGHT_BYTES + rank * SHARE;
        barrier_wait(weight_free + ring.slot, ring.phase ^ 1);
        barrier_expect(weight_full + ring.slot, WEIGHT_BYTES);
        if (CLUSTER == 1)
          bulk_copy(target, source, SHARE, weight_full + ring.slot);
        else
          bulk_copy_to(target, source, SHARE, weight_full + ring.slot, (1 << CLUSTER) - 1);
      }
  }

  __device__ __forceinline__ void bring_x(int thread) {
    Ring<X_SLOTS> ring;
    for (int row = first_tile; row < tiles; row += stride) {
      int b = row / H, h = row % H;
#pragma unroll 1
      for (int step = 0; step < STEPS_H; step++, ring.next()) {
        int row_h = h + step % TAPS - 1, first_channel = step / TAPS * K_CHUNK;
        bool in_column = row_h >= 0 && row_h < H;
        byte* target = x_ring + ring.slot * X_BYTES;
        barrier_wait(x_free + ring.slot, ring.phase ^ 1);
        for (int i = thread; i < FRAMES * TILE_W * OCTETS; i += LOADERS) {
          int octet = i % OCTETS, pixel = i / OCTETS, t = pixel / TILE_W, w = w0 + pixel % TILE_W;
          int channel = first_channel + octet * 8;
          bool inside = in_column && w < W && channel < C_IN;
          u64 source = inside ? ((((u64)b * FRAMES + t) * H + row_h) * W + w) * C_IN + channel : 0;
          copy_async(target + octet * X_PLANE + pixel * 16, x_bthwc + source, inside);
        }
        copies_arrive(x_full + ring.slot);
      }
    }
  }

  // ---- the groups that multiply; t is the frame, thread and warp count within the group

  int t, thread, lane, warp;
  Ring<WEIGHT_SLOTS> at_weights;
  Ring<X_SLOTS> at_x;
  u32 halo_phase;
  float sum[M_TILES][N_TILES][64];  // [64 columns][128 channels] each: 256 at once do not fit the registers at entry

  __device__ __forceinline__ bool has_left() { return rank > 0; }
  __device__ __forceinline__ bool has_right() { return rank + 1 < CLUSTER; }
  __device__ __forceinline__ const byte* chunk(int k, int row) { return tile + k * OCTETS * TILE_PLANE + row * 16; }
  __device__ __forceinline__ int own(int column) { return t * TILE_COLUMNS + column; }
  __device__ __forceinline__ void sync_frame() { group_sync(1 + t, GROUP); }
  __device__ __forceinline__ void sync_frames() { group_sync(ALL_FRAMES, FRAMES * GROUP); }

  __device__ __forceinline__ void await_weights() { barrier_wait(weight_full + at_weights.slot, at_weights.phase); }
  // One arrival of this group at every block that refills the slot.
  __device__ __forceinline__ void release_weights() {
    u64* barrier = weight_free + at_weights.slot;
    if (CLUSTER == 1 && thread == 0) barrier_arrive(barrier);
    if (CLUSTER > 1 && thread < CLUSTER) barrier_arrive_at(barrier, thread);
    at_weights.next();
  }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int m = 0; m < M_TILES; m++)
#pragma unroll
      for (int n = 0; n < N_TILES; n++)
#pragma unroll
        for (int i = 0; i < 64; i++) sum[m][n][i] = 0.f;
  }

  // sum += a x the weights of this step, and waits until it is done. `a` is the frame's first column.
  __device__ __forceinline__ void accumulate(const byte* a, u32 plane) {
    const byte* b = weight_ring + at_weights.slot * WEIGHT_BYTES;
    multiply_begin();
#pragma unroll
    for (int k = 0; k < K_CHUNK / 16; k++)
#pragma unroll
      for (int m = 0; m < M_TILES; m++)
#pragma unroll
        for (int n = 0; n < N_TILES; n++)
          multiply_async(sum[m][n], matrix(a + k * 2 * plane + m * 64 * 16, plane),
                         matrix(b + (k * 2 * C_OUT + n * 128) * 16, C_OUT * 16), HALF());
    multiply_commit();
    multiply_wait();
  }

  // Bias, ReLU, rounding; the sums become this frame's tile. With `share` the outer columns go to the neighbours too.
  __device__ __forceinline__ void store(const float* bias, bool share) {
#pragma unroll
    for (int m = 0; m < M_TILES; m++)
#pragma unroll
      for (int i = 0; i < C_OUT / 8; i++) {
        int channel = i * 8 + (lane & 3) * 2;
        float bias0 = bias[channel], bias1 = bias[channel + 1];
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const float* pair = &sum[m][i / 16][i % 16 * 4 + 2 * half];
          int column = m * 64 + warp * 16 + (lane >> 2) + half * 8;
          u32 halves = w0 + column < W ? pack_relu(pair[0] + bias0, pair[1] + bias1, HALF()) : 0;
          byte* target = tile + i * TILE_PLANE + own(1 + column) * 16 + (lane & 3) * 4;
          *(u32*)target = halves;
          if (CLUSTER > 1 && share) {
            if (column == 0 && has_left()) store_at(target + TILE_W * 16, halves, rank - 1);
            if (column == TILE_W - 1 && has_right()) store_at(target - TILE_W * 16, halves, rank + 1);
          }
        }
      }
  }

  // Columns outside the row are the padding of the W convolution; nothing else ever writes them.
  __device__ __forceinline__ void clear_border() {
    for (int i = thread; i < 2 * C_OUT / 8; i += GROUP) {
      bool right = i % 2;
      if (right ? !has_right() : !has_left())
        *(uint4*)(tile + i / 2 * TILE_PLANE + own(right ? TILE_W + 1 : 0) * 16) = make_uint4(0, 0, 0, 0);
    }
  }

  __device__ __forceinline__ void tell_neighbours(u64* barrier) {
    if (thread != 0) return;
    if (has_left()) barrier_arrive_at(barrier, rank - 1);
    if (has_right()) barrier_arrive_at(barrier, rank + 1);
  }

  __device__ __forceinline__ void convolve_h(bool first) {
    clear();
#pragma unroll 1
    for (int step = 0; step < STEPS_H; step++) {
      await_weights();
      barrier_wait(x_full + at_x.slot, at_x.phase);
      writes_visible();  // x came by copies of threads
      accumulate(x_ring + at_x.slot * X_BYTES + t * TILE_W * 16, X_PLANE);
      release_weights();
      if (thread == 0) barrier_arrive(x_free + at_x.slot);
      at_x.next();
    }
    if (CLUSTER > 1 && !first) barrier_wait(halo_free + t, halo_phase ^ 1);  // the neighbours have read the row before
    store(biases, true);
    writes_visible();
    sync_frame();
    if (CLUSTER > 1) {
      tell_neighbours(halo_full + t);
      barrier_wait(halo_full + t, halo_phase);
      writes_visible();
    }
  }

  __device__ __forceinline__ void convolve_w() {
    clear();
#pragma unroll 1
    for (int i = 0; i < TAPS * STEPS_C; i++) {
      await_weights();
      accumulate(chunk(i / TAPS, own(i % TAPS)), TILE_PLANE);
      release_weights();
    }
    sync_frame();  // all of this frame has been read
    if (CLUSTER > 1) tell_neighbours(halo_free + t);
    halo_phase ^= 1;
    store(biases + C_OUT, false);
    writes_visible();
    sync_frames();
  }

  __device__ __forceinline__ void convolve_t() {
    clear();
#pragma unroll 1
    for (int i = 0; i < TAPS * STEPS_C; i++) {
      int shift = i % TAPS - 1;
      await_weights();
      if (t + shift >= 0 && t + shift < FRAMES) accumulate(chunk(i / TAPS, own(shift * TILE_COLUMNS + 1)), TILE_PLANE);
      release_weights();
    }
    sync_frames();  // every frame has been read
    store(biases + 2 * C_OUT, false);
  }

  __device__ __forceinline__ void first_head() {
    writes_visible();
    sync_frame();
    clear();
#pragma unroll 1
    for (int k = 0; k < STEPS_C; k++) {
      await_weights();
      accumulate(chunk(k, own(1)), TILE_PLANE);
      release_weights();
    }
    sync_frame();
    store(biases + 3 * C_OUT, false);
    writes_visible();
    sync_frame();
  }

  // The second head's weights are one step, [C_OUT / 8][K_CHUNK maps][8]; its sums go straight to global memory.
  __device__ __forceinline__ void last_head(int b, int h) {
    const byte* maps = weight_ring + at_weights.slot * WEIGHT_BYTES;
    float map_sum[M_TILES][16] = {};
    auto maps_bjthw = (float*)y;
    await_weights();
    multiply_begin();
#pragma unroll
    for (int k = 0; k < C_OUT / 16; k++)
#pragma unroll
      for (int m = 0; m < M_TILES; m++)
        multiply_async(map_sum[m], matrix(tile + k * 2 * TILE_PLANE + own(1 + m * 64) * 16, TILE_PLANE),
                       matrix(maps + k * 2 * K_CHUNK * 16, K_CHUNK * 16), HALF());
    multiply_commit();
    multiply_wait();
    release_weights();
#pragma unroll
    for (int m = 0; m < M_TILES; m++)
#pragma unroll
      for (int i = 0; i < 16; i++) {
        int map = i / 4 * 8 + (lane & 3) * 2 + i % 2, w = w0 + m * 64 + warp * 16 + (lane >> 2) + i % 4 / 2 * 8;
        u64 target = ((((u64)b * MAPS + map) * FRAMES + t) * H + h) * W + w;
        if (map < MAPS && w < W) maps_bjthw[target] = map_sum[m][i] + biases[4 * C_OUT + map];
      }
  }

  __device__ __forceinline__ void write_tile(int b, int h) {
    sync_frame();
    auto y_bthwc = (unsigned short*)y;
    for (int i = thread; i < TILE_W * C_OUT / 8; i += GROUP) {
      int octet = i % (C_OUT / 8), column = i / (C_OUT / 8), w = w0 + column;
      u64 target = ((((u64)b * FRAMES + t) * H + h) * W + w) * C_OUT + octet * 8;
      if (w < W)
        *(uint4*)(y_bthwc + target) = *(const uint4*)(tile + octet * TILE_PLANE + own(1 + column) * 16);
    }
  }

  __device__ __forceinline__ void multiply_rows() {
    halo_phase = 0;
    clear_border();
    for (int row = first_tile; row < tiles; row += stride) {
      convolve_h(row == first_tile);
      convolve_w();
      convolve_t();
      if constexpr (MAPS > 0) {
        first_head();
        last_head(row / H, row % H);
      } else {
        write_tile(row / H, row % H);
      }
      sync_frame();  // the next row is stored over this one
    }
  }
};

#if CLUSTER > 1
#define IN_CLUSTERS __cluster_dims__(CLUSTER, 1, 1)
#else
#define IN_CLUSTERS
#endif

extern "C" __global__ void IN_CLUSTERS __launch_bounds__(THREADS, 1)
    cascade_hopper(const void* __restrict__ x, const byte* __restrict__ weights, const float* __restrict__ biases,
                   void* __restrict__ y, int B, int H, int W) {
  Cascade block;
  block.x_bthwc = (const unsigned short*)x, block.weights = weights, block.biases = biases, block.y = y;
  block.H = H, block.W = W, block.rank = CLUSTER == 1 ? 0 : cluster_rank(), block.w0 = block.rank * TILE_W;
  block.tiles = B * H, block.first_tile = blockIdx.x / CLUSTER, block.stride = gridDim.x / CLUSTER;
  block.place(shared_memory());
  if (threadIdx.x == 0) block.init_barriers();
  if (CLUSTER == 1)
    __syncthreads();
  else
    cluster_sync();
  int group = threadIdx.x / GROUP;
  block.thread = threadIdx.x % GROUP, block.lane = threadIdx.x % 32, block.warp = block.thread / 32;
  if (group == 0) {
    // 128 registers a thread at entry; what this group gives up, the others take: 32 + 3 * 160 = 4 * 128
    give_registers<32>();
    if (block.thread == 0)
      block.bring_weights();
    else if (block.thread >= GROUP - LOADERS)
      block.bring_x(block.thread - (GROUP - LOADERS));
    __syncwarp();
  } else {
    take_registers<160>();
    block.t = group - 1;
    block.multiply_rows();
  }
  if (CLUSTER > 1) cluster_sync();  // no block leaves while a neighbour may still write to it
}
