// Instructions that Hopper alone has (sm_90a), behind the names the kernel uses; see primitives.cuh.

// mbarrier: a phase ends when all arrivals and all announced bytes have come. `phase` is the parity of the phase
// waited for, 0 for the first; waiting for the parity before the first returns at once.
__device__ __forceinline__ void barrier_init(u64* barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void barriers_visible() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ __forceinline__ void barrier_arrive(u64* barrier) {
  asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
__device__ __forceinline__ void barrier_expect(u64* barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
               : "memory");
}
__device__ __forceinline__ bool barrier_passed(u64* barrier, u32 phase) {
  u32 passed;
  asm volatile(
      "{.reg .pred done;\n"
      "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%1], %2;\n"
      "selp.u32 %0, 1, 0, done;\n}"
      : "=r"(passed)
      : "r"(shared_address(barrier)), "r"(phase)
      : "memory");
  return passed;
}
__device__ __forceinline__ u64 clock_ns() {
  u64 ns;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
  return ns;
}
// A wait of this length means a wrong count: the kernel ends with an error instead of holding the card for ever.
constexpr u64 LONGEST_WAIT_NS = 10000000000;
__device__ __forceinline__ void barrier_wait(u64* barrier, u32 phase) {
  if (barrier_passed(barrier, phase)) return;
  u64 begin = clock_ns();
  do {
    if (clock_ns() - begin > LONGEST_WAIT_NS) asm volatile("trap;");
  } while (!barrier_passed(barrier, phase));
}

// The same address in the shared memory of another block of the cluster.
__device__ __forceinline__ void barrier_arrive_at(u64* barrier, u32 rank) {
  asm volatile(
      "{.reg .b32 there; mapa.shared::cluster.u32 there, %0, %1;\n"
      "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [there];}" ::"r"(shared_address(barrier)),
      "r"(rank)
      : "memory");
}
__device__ __forceinline__ void store_at(void* target, u32 value, u32 rank) {
  asm volatile(
      "{.reg .b32 there; mapa.shared::cluster.u32 there, %0, %1; st.shared::cluster.b32 [there], %2;}" ::"r"(
          shared_address(target)),
      "r"(rank), "r"(value)
      : "memory");
}

// Copies that one thread starts; their bytes arrive at the barrier. With a mask, in every block of the cluster that
// it names, at the same addresses.
__device__ __forceinline__ void bulk_copy(void* target, const void* source, u32 bytes, u64* barrier) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
          shared_address(target)),
      "l"(source), "r"(bytes), "r"(shared_address(barrier))
      : "memory");
}
__device__ __forceinline__ void bulk_copy_to(void* target, const void* source, u32 bytes, u64* barrier, u32 mask) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
      "[%0], [%1], %2, [%3], %4;" ::"r"(shared_address(target)),
      "l"(source), "r"(bytes), "r"(shared_address(barrier)), "h"((unsigned short)mask)
      : "memory");
}
// This thread's copy_async so far arrive at the barrier once they have landed.
__device__ __forceinline__ void copies_arrive(u64* barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(barrier)) : "memory");
}

// What threads wrote to shared memory becomes visible to multiply_async, which reads it by another path.
__device__ __forceinline__ void writes_visible() { asm volatile("fence.proxy.async;" ::: "memory"); }

__device__ __forceinline__ void group_sync(int barrier, int threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(barrier), "r"(threads) : "memory");
}
__device__ __forceinline__ u32 cluster_rank() {
  u32 rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
__device__ __forceinline__ void cluster_sync() {
  asm volatile("barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;" ::: "memory");
}
template <int REGISTERS>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}
template <int REGISTERS>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(REGISTERS));
}

// Descriptor of a matrix [16 channels][rows], octet planar and not swizzled: 8 rows of an octet are 128 bytes, the two
// octets lie `plane` bytes apart.
__device__ __forceinline__ u64 matrix(const void* first_row, u32 plane) {
  return (u64)((shared_address(first_row) & 0x3FFFF) >> 4) | (u64)(plane >> 4) << 16 | (u64)(128 >> 4) << 32;
}
__device__ __forceinline__ void multiply_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void multiply_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void multiply_wait() { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); }

// sum[64][N] += a[64][16] * b[16][N] by one warpgroup, in float32; N is twice the length of `sum`. Not done before
// multiply_commit and multiply_wait.
#define SUMS_4(i) "+f"(sum[i]), "+f"(sum[i + 1]), "+f"(sum[i + 2]), "+f"(sum[i + 3])
#define SUMS_16(i) SUMS_4(i), SUMS_4(i + 4), SUMS_4(i + 8), SUMS_4(i + 12)
#define MULTIPLICATIONS(HALF, name)                                                                               \
  __device__ __forceinline__ void multiply_async(float (&sum)[16], u64 a, u64 b, HALF) {                         \
    asm volatile(                                                                                                \
        "wgmma.mma_async.sync.aligned.m64n32k16.f32." name "." name " {"                                         \
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}, "                                \
        "%16, %17, 1, 1, 1, 0, 0;"                                                                               \
        : SUMS_16(0)                                                                                             \
        : "l"(a), "l"(b));                                                                                       \
  }                                                                                                              \
  __device__ __forceinline__ void multiply_async(float (&sum)[64], u64 a, u64 b, HALF) {                         \
    asm volatile(                                                                                                \
        "wgmma.mma_async.sync.aligned.m64n128k16.f32." name "." name " {"                                        \
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                                 \
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "                       \
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "                       \
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "                      \
        "%64, %65, 1, 1, 1, 0, 0;"                                                                               \
        : SUMS_16(0), SUMS_16(16), SUMS_16(32), SUMS_16(48)                                                      \
        : "l"(a), "l"(b));                                                                                       \
  }
MULTIPLICATIONS(F16, "f16")
MULTIPLICATIONS(BF16, "bf16")
#undef MULTIPLICATIONS
#undef SUMS_16
#undef SUMS_4
