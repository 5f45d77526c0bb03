// Runs a CUDA kernel of this project on the CPU, so that its indexing, arithmetic and synchronisation are tested
// without a GPU. Stands in the place of kernels/primitives.cuh; the kernel's own text is compiled unchanged.
//
// Every CUDA thread is a fibre; barriers and warp-wide instructions are where fibres are switched. The schedule
// is adversarial on purpose:
//  * warps run one after the other in random order, each as far ahead as the barriers let it;
//  * an asynchronous copy lands only when it is waited for, or when nothing else can move, and its target holds NaNs
//    until then, which nothing else may write over;
//  * shared memory starts as NaNs and is surrounded by bytes that nothing may change.
// Tensor-core instructions are computed from their documented fragment layouts. Speed, bank conflicts and memory
// ordering finer than barriers are not modelled. For glibc; one thread at a time.
#pragma once
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __restrict__
#define __launch_bounds__(...)
#define __forceinline__ inline

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char byte;
struct F16 {};
struct BF16 {};
struct uint4 {
  u32 x, y, z, w;
};
static inline uint4 make_uint4(u32 x, u32 y, u32 z, u32 w) { return {x, y, z, w}; }
static inline int min(int a, int b) { return a < b ? a : b; }
struct Dimensions {
  unsigned x = 0, y = 0, z = 0;
};
static Dimensions threadIdx, blockIdx, gridDim;

namespace sim {

constexpr size_t MARGIN = 4096, STACK = 1 << 16;

struct Barrier {
  unsigned size = 0, arrived = 0, generation = 0;
};
struct Copy {
  void* target;
  const void* source;
  bool wanted;
};
struct Warp {
  Barrier barrier;
  const void* instruction[32];
  void* arguments[32];
};
struct Block {
  Dimensions index;
  Barrier barrier;
  std::vector<Warp> warps;
  std::vector<byte> memory;  // with a margin on either side
  byte *shared_begin, *shared_end;
};
struct Fibre {
  ucontext_t start;
  jmp_buf state;
  bool started = false, done = false;
  Block* block = nullptr;
  unsigned thread = 0;
  const unsigned* waits_on = nullptr;  // runs again once this generation has changed
  unsigned seen = 0;
  std::vector<Copy> open;
  std::deque<std::vector<Copy>> groups;
};

static std::vector<Block> blocks;  // of one cluster; most kernels have clusters of one block
static std::vector<Fibre> fibres;
static std::vector<std::unique_ptr<byte[]>> stacks;
static std::vector<std::function<void()>> in_flight;  // what the hardware does by itself, some time
static Barrier cluster;
static void (*forget)() = [] {};  // clears what a header upon this one keeps of a cluster
static Fibre* current;
static jmp_buf scheduler, failure;
static u64 random_state;
static char message[200];
static void (*kernel)(void*);
static void* kernel_arguments;

static unsigned draw(unsigned below) {  // xorshift
  random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
  return (unsigned)(random_state >> 33) % below;
}
static void shuffle(std::vector<unsigned>& items) {
  for (unsigned i = items.size(); i > 1; i--) std::swap(items[i - 1], items[draw(i)]);
}

// The fibres' stacks are dropped as they are: nothing on them owns memory.
[[noreturn]] static void fail(const char* what) {
  snprintf(message, sizeof message, "%s (block %u %u %u, thread %u)", what, blockIdx.x, blockIdx.y, blockIdx.z,
           current ? current->thread : 0);
  _longjmp(failure, 1);
}

static void check_shared(const void* p, size_t bytes) {
  const Block& mine = *current->block;
  if ((const byte*)p < mine.shared_begin || (const byte*)p + bytes > mine.shared_end)
    fail("shared memory is accessed out of range");
  if ((uintptr_t)p % 16 && bytes >= 16) fail("a shared address is not a multiple of 16");
}

// setjmp and longjmp switch without a system call, which swapcontext needs.
static void yield() {
  if (!_setjmp(current->state)) _longjmp(scheduler, 1);
}
__attribute__((noinline)) static void resume(Fibre& fibre) {
  current = &fibre;
  threadIdx.x = fibre.thread;
  blockIdx = fibre.block->index;
  if (_setjmp(scheduler)) return;
  if (fibre.started) _longjmp(fibre.state, 1);
  fibre.started = true;
  setcontext(&fibre.start);
}
static void body() {
  kernel(kernel_arguments);
  current->done = true;
  _longjmp(scheduler, 1);
}

static void meet(Barrier& barrier) {
  if (++barrier.arrived == barrier.size) {
    barrier.arrived = 0;
    barrier.generation++;
    return;
  }
  current->waits_on = &barrier.generation;
  current->seen = barrier.generation;
  yield();
}

// An instruction of a whole warp: the last lane to arrive does it for all, then all go on.
template <class Arguments>
static void together(Arguments& mine, void (*instruction)(Arguments**)) {
  Warp& warp = current->block->warps[current->thread / 32];
  unsigned lane = current->thread % 32;
  warp.instruction[lane] = (const void*)instruction;
  warp.arguments[lane] = &mine;
  if (warp.barrier.arrived + 1 == 32) {
    for (const void* other : warp.instruction)
      if (other != (const void*)instruction) fail("the lanes of a warp are at different instructions");
    instruction((Arguments**)warp.arguments);
  }
  meet(warp.barrier);
}

static void prepare(Block& block, unsigned threads, size_t shared_bytes) {
  block.memory.assign(shared_bytes + 2 * MARGIN + 1024, 0xFF);
  block.shared_begin = block.memory.data() + MARGIN + (1024 - (uintptr_t)block.memory.data() % 1024);
  block.shared_end = block.shared_begin + shared_bytes;
  block.barrier = {threads};
  block.warps.assign(threads / 32, Warp());
  for (Warp& warp : block.warps) warp.barrier.size = 32;
}

static void prepare(Fibre& fibre, byte* stack) {
  getcontext(&fibre.start);
  fibre.start.uc_stack.ss_sp = stack;
  fibre.start.uc_stack.ss_size = STACK;
  makecontext(&fibre.start, body, 0);
}

// Runs the lanes of a warp until all wait for something.
static bool run_warp(unsigned warp, std::vector<unsigned>& lanes, unsigned& left) {
  bool any = false;
  for (bool moved = true; moved;) {
    moved = false;
    shuffle(lanes);
    for (unsigned lane : lanes) {
      Fibre& fibre = fibres[warp * 32 + lane];
      if (fibre.done || (fibre.waits_on && *fibre.waits_on == fibre.seen)) continue;
      fibre.waits_on = nullptr;
      moved = any = true;
      resume(fibre);
      left -= fibre.done;
      if (fibre.done && !fibre.open.empty()) fail("copies were never committed");
    }
  }
  return any;
}

static void run_cluster(unsigned threads, size_t shared_bytes) {
  unsigned left = blocks.size() * threads;
  cluster = {left};
  in_flight.clear();
  forget();
  fibres.clear();
  fibres.resize(left);
  while (stacks.size() < left) stacks.emplace_back(new byte[STACK]);
  for (Block& block : blocks) prepare(block, threads, shared_bytes);
  std::vector<unsigned> order, lanes;
  for (unsigned i = 0; i < left; i++) {
    fibres[i].block = &blocks[i / threads];
    fibres[i].thread = i % threads;
    prepare(fibres[i], stacks[i].get());
    if (i % 32 == 0) order.push_back(i / 32);
    if (i < 32) lanes.push_back(i);
  }
  while (left) {
    bool any = false;
    shuffle(order);
    for (unsigned warp : order) any |= run_warp(warp, lanes, left);
    if (any) continue;
    if (in_flight.empty()) fail("deadlock");
    std::swap(in_flight[draw(in_flight.size())], in_flight.back());
    auto lands = std::move(in_flight.back());
    in_flight.pop_back();
    lands();
  }
  if (!in_flight.empty()) fail("copies are still under way when the block ends");
  for (const Block& block : blocks)
    for (size_t i = 0; i < MARGIN; i++)
      if (block.shared_begin[-1 - (long)i] != 0xFF || block.shared_end[i] != 0xFF)
        fail("shared memory is written out of range");
}

// Runs `launch()`, a call of the kernel, for every block of the grid. Gives what went wrong, or null.
template <class Launch>
static const char* run_grid(Launch launch, Dimensions grid, unsigned cluster_size, unsigned threads,
                            size_t shared_bytes, unsigned seed) {
  kernel = [](void* arguments) { (*(Launch*)arguments)(); };
  kernel_arguments = &launch;
  random_state = seed * 2654435761ull + 1;
  gridDim = grid;
  if (_setjmp(failure)) return message;
  blocks.clear();
  blocks.resize(cluster_size);
  for (unsigned z = 0; z < grid.z; z++)
    for (unsigned y = 0; y < grid.y; y++)
      for (unsigned x = 0; x < grid.x; x += cluster_size) {
        for (unsigned rank = 0; rank < cluster_size; rank++) blocks[rank].index = {x + rank, y, z};
        run_cluster(threads, shared_bytes);
      }
  return nullptr;
}

static float to_float(u32 half, F16) {
  _Float16 value;
  unsigned short bits = half;
  memcpy(&value, &bits, 2);
  return value;
}
static float to_float(u32 half, BF16) {
  u32 bits = half << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
static u32 to_half(float value, F16) {
  _Float16 half = value > 65504.f ? 65504.f : value < -65504.f ? -65504.f : value;
  unsigned short bits;
  memcpy(&bits, &half, 2);
  return bits;
}
static u32 to_half(float value, BF16) {
  u32 bits;
  memcpy(&bits, &value, 4);
  if (value != value) return 0x7FFF;
  bits = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return (bits & 0x7FFF) == 0x7F80 ? bits - 1 : bits;
}

}  // namespace sim

static inline byte* shared_memory() { return sim::current->block->shared_begin; }
static inline void __syncthreads() { sim::meet(sim::current->block->barrier); }

static inline void copy_async(void* target, const void* source, bool wanted) {
  sim::check_shared(target, 16);
  if ((uintptr_t)source % 16) sim::fail("a global address is not a multiple of 16");
  memset(target, 0xFF, 16);
  sim::current->open.push_back({target, source, wanted});
}
static inline void copies_commit() {
  sim::current->groups.push_back(std::move(sim::current->open));
  sim::current->open.clear();
}
template <int OPEN>
static inline void copies_wait() {
  auto& groups = sim::current->groups;
  for (; groups.size() > OPEN; groups.pop_front())
    for (auto& copy : groups.front()) {
      for (int i = 0; i < 16; i++)
        if (((const byte*)copy.target)[i] != 0xFF) sim::fail("shared memory is written while a copy to it is under way");
      copy.wanted ? memcpy(copy.target, copy.source, 16) : memset(copy.target, 0, 16);
    }
}

namespace sim {
struct Load {
  u32* halves;
  const void* row;
};
static void load_all(Load** lanes) {
  for (int lane = 0; lane < 32; lane++)
    for (int m = 0; m < 4; m++)
      memcpy(&lanes[lane]->halves[m], (const byte*)lanes[m * 8 + lane / 4]->row + lane % 4 * 4, 4);
}
struct Product {
  float* sum;
  const u32* a;
  u32 b[2];
};
template <class Half>
static void multiply_all(Product** lanes) {
  float a[16][16], b[16][8], sum[16][8];
  for (int lane = 0; lane < 32; lane++)
    for (int e = 0; e < 2; e++) {
      int row = lane / 4, k = lane % 4 * 2 + e;
      for (int part = 0; part < 4; part++)
        a[row + part % 2 * 8][k + part / 2 * 8] = to_float(lanes[lane]->a[part] >> 16 * e & 0xFFFF, Half());
      for (int part = 0; part < 2; part++)
        b[k + part * 8][row] = to_float(lanes[lane]->b[part] >> 16 * e & 0xFFFF, Half());
      for (int part = 0; part < 2; part++) sum[row + part * 8][k] = lanes[lane]->sum[part * 2 + e];
    }
  for (int row = 0; row < 16; row++)
    for (int k = 0; k < 16; k++)
      for (int n = 0; n < 8; n++) sum[row][n] += a[row][k] * b[k][n];
  for (int lane = 0; lane < 32; lane++)
    for (int j = 0; j < 4; j++) lanes[lane]->sum[j] = sum[lane / 4 + j / 2 * 8][lane % 4 * 2 + j % 2];
}
}  // namespace sim

static inline void load_matrices(u32 (&halves)[4], const void* row) {
  sim::check_shared(row, 16);
  sim::Load mine = {halves, row};
  sim::together(mine, sim::load_all);
}
template <class Half>
static inline void multiply(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1, Half) {
  sim::Product mine = {sum, a, {b0, b1}};
  sim::together(mine, sim::multiply_all<Half>);
}
template <class Half>
static inline u32 pack(float lo, float hi, Half half) {
  return sim::to_half(lo, half) | sim::to_half(hi, half) << 16;
}
template <class Half>
static inline u32 pack_relu(float lo, float hi, Half half) {
  return pack(lo < 0 ? 0 : lo, hi < 0 ? 0 : hi, half);
}
