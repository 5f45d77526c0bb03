// Stands in the place of kernels/primitives_hopper.cuh: clusters, memory barriers, bulk copies and the asynchronous
// multiplication of a warpgroup on the CPU. The blocks of a cluster run together. Adversarial as cuda_on_cpu.h is:
//  * bulk copies, and the arrivals of threads' copies, land in random order and only when nothing else can move;
//  * a multiplication reads its matrices only when it is waited for.
// Not modelled: the two ways to shared memory (writes_visible does nothing) and registers moved between groups.
#pragma once
#include "cuda_on_cpu.h"

#include <map>
#include <unordered_map>

#define __cluster_dims__(...)

namespace sim {

struct MemoryBarrier {
  unsigned arrivals = 0, pending = 0, phase = 0;
  long bytes = 0;  // announced and not here yet; negative while they come before they are announced
  bool initialised = false;
};
static std::unordered_map<u64*, MemoryBarrier> memory_barriers;
static std::map<std::pair<Block*, int>, Barrier> group_barriers;

static MemoryBarrier& at(u64* barrier) {
  MemoryBarrier& found = memory_barriers[barrier];
  if (!found.initialised) fail("a barrier is used before it is initialised");
  return found;
}
static void end_phase(MemoryBarrier& barrier) {
  if (barrier.pending || barrier.bytes) return;
  barrier.phase++;
  barrier.pending = barrier.arrivals;
}
static void arrive(u64* address) {
  MemoryBarrier& barrier = at(address);
  if (!barrier.pending) fail("more arrive at a barrier than it counts");
  barrier.pending--;
  end_phase(barrier);
}
static void bytes_arrive(u64* address, u32 bytes) {
  MemoryBarrier& barrier = at(address);
  barrier.bytes -= bytes;
  end_phase(barrier);
}

template <class Pointer>
static Pointer there(Pointer here, u32 rank) {
  if (rank >= blocks.size()) fail("there is no such block in the cluster");
  return (Pointer)(blocks[rank].shared_begin + ((byte*)here - current->block->shared_begin));
}
static u32 rank() { return current->block - blocks.data(); }

struct Matrix {
  const byte* first_row;
  u32 plane;
};
struct Multiplication {
  float* sum;
  int columns;
  Matrix a, b;
};
// By fibre: what it has asked for and not waited for. One list a thread, as each does its own rows.
static std::unordered_map<Fibre*, std::vector<Multiplication>> multiplications;

template <class Half>
static float element(Matrix matrix, int row, int k) {
  unsigned short half;
  memcpy(&half, matrix.first_row + k / 8 * matrix.plane + row * 16 + k % 8 * 2, 2);
  return to_float(half, Half());
}
static void (*multiply_one)(const Multiplication&, int row);
static bool forgets = (forget = [] { memory_barriers.clear(), group_barriers.clear(), multiplications.clear(); }, true);

// This thread's part of a product: two rows, and of every 8 columns two.
template <class Half>
static void multiply_part(const Multiplication& m, int row) {
  float a[2][16], b[16];
  for (int half = 0; half < 2; half++)
    for (int k = 0; k < 16; k++) a[half][k] = element<Half>(m.a, row + half * 8, k);
  for (int i = 0; i < m.columns / 8; i++)
    for (int e = 0; e < 2; e++) {
      for (int k = 0; k < 16; k++) b[k] = element<Half>(m.b, i * 8 + current->thread % 4 * 2 + e, k);
      for (int half = 0; half < 2; half++)
        for (int k = 0; k < 16; k++) m.sum[i * 4 + half * 2 + e] += a[half][k] * b[k];
    }
}

}  // namespace sim

static inline void __syncwarp() { sim::meet(sim::current->block->warps[sim::current->thread / 32].barrier); }
static inline void group_sync(int barrier, int threads) {
  sim::Barrier& found = sim::group_barriers[{sim::current->block, barrier}];
  found.size = threads;
  sim::meet(found);
}
static inline u32 cluster_rank() { return sim::rank(); }
static inline void cluster_sync() { sim::meet(sim::cluster); }

static inline void barrier_init(u64* barrier, u32 arrivals) {
  sim::check_shared(barrier, 8);
  sim::memory_barriers[barrier] = {arrivals, arrivals, 0, 0, true};
}
static inline void barriers_visible() {}
static inline void barrier_arrive(u64* barrier) { sim::arrive(barrier); }
static inline void barrier_arrive_at(u64* barrier, u32 rank) { sim::arrive(sim::there(barrier, rank)); }
static inline void barrier_expect(u64* barrier, u32 bytes) {
  sim::at(barrier).bytes += bytes;
  sim::arrive(barrier);
}
static inline void barrier_wait(u64* barrier, u32 phase) {
  sim::MemoryBarrier& found = sim::at(barrier);
  if (found.phase % 2 != phase) return;
  sim::current->waits_on = &found.phase;
  sim::current->seen = found.phase;
  sim::yield();
}
static inline void store_at(void* target, u32 value, u32 rank) { memcpy(sim::there(target, rank), &value, 4); }

static inline void bulk_copy_to(void* target, const void* source, u32 bytes, u64* barrier, u32 mask) {
  sim::check_shared(target, bytes);
  if ((uintptr_t)source % 16 || bytes % 16) sim::fail("a bulk copy is not of whole 16 bytes");
  for (u32 rank = 0; rank < sim::blocks.size(); rank++) {
    if (!(mask >> rank & 1)) continue;
    void* there = sim::there(target, rank);
    u64* arrives = sim::there(barrier, rank);
    memset(there, 0xFF, bytes);
    sim::in_flight.push_back([=] {
      memcpy(there, source, bytes);
      sim::bytes_arrive(arrives, bytes);
    });
  }
}
static inline void bulk_copy(void* target, const void* source, u32 bytes, u64* barrier) {
  bulk_copy_to(target, source, bytes, barrier, 1u << sim::rank());
}
static inline void copies_arrive(u64* barrier) {
  auto copies = std::make_shared<std::vector<sim::Copy>>(std::move(sim::current->open));
  sim::current->open.clear();
  sim::in_flight.push_back([=] {
    for (auto& copy : *copies) copy.wanted ? memcpy(copy.target, copy.source, 16) : memset(copy.target, 0, 16);
    sim::arrive(barrier);
  });
}
static inline void writes_visible() {}
template <int REGISTERS>
static inline void take_registers() {}
template <int REGISTERS>
static inline void give_registers() {}

static inline sim::Matrix matrix(const void* first_row, u32 plane) {
  bool fits = (uintptr_t)first_row % 16 == 0 && plane % 16 == 0 && plane / 16 < 1 << 14;
  if (!fits) sim::fail("a matrix descriptor cannot say this");
  return {(const byte*)first_row, plane};
}
static inline void multiply_begin() {}
static inline void multiply_commit() {}
template <int SUMS, class Half>
static inline void multiply_async(float (&sum)[SUMS], sim::Matrix a, sim::Matrix b, Half) {
  sim::check_shared(a.first_row, a.plane + 64 * 16);
  sim::check_shared(b.first_row, b.plane + 2 * SUMS * 16);
  sim::multiply_one = sim::multiply_part<Half>;
  sim::multiplications[sim::current].push_back({sum, 2 * SUMS, a, b});
}
// The multiplication belongs to the whole warpgroup: when the wait is over, none of its threads reads any more.
static inline void multiply_wait() {
  unsigned thread = sim::current->thread;
  int row = thread % 128 / 32 * 16 + thread % 32 / 4;
  for (auto& m : sim::multiplications[sim::current]) sim::multiply_one(m, row);
  sim::multiplications[sim::current].clear();
  group_sync(-1 - (int)thread / 128, 128);
}
