// Every instruction of the tensor-core kernels that C++ has no word for; no other file holds PTX.
//
// No CUDA header is used, so that NVRTC compiles the kernels without an include path. The tests put a
// header of the same names in the place of this file and run the kernels on the CPU.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char byte;

struct F16 {};  // tags of the two half types, for overloads
struct BF16 {};

__device__ __forceinline__ byte* shared_memory() {
  extern __shared__ __align__(128) byte bytes[];
  return bytes;
}

__device__ __forceinline__ u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }

// 16 bytes from global to shared memory, or zeros where nothing is wanted. The copy is done for this thread
// once its group has been waited for, for the others after a barrier behind that. sm_75 copies at once.
__device__ __forceinline__ void copy_async(void* target, const void* source, bool wanted) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(target)), "l"(source),
               "r"(wanted ? 16 : 0)
               : "memory");
#else
  *(uint4*)target = wanted ? *(const uint4*)source : make_uint4(0, 0, 0, 0);
#endif
}

// Closes the group of this thread's copies since the last call; a group may be empty.
__device__ __forceinline__ void copies_commit() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until at most `OPEN` groups of this thread are still under way.
template <int OPEN>
__device__ __forceinline__ void copies_wait() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(OPEN) : "memory");
#endif
}

// Four 8x8 matrices of halves: lane l gives the address of row l % 8 of matrix l / 8 and receives of each
// matrix the two neighbours [l / 4][2 * (l % 4)].
__device__ __forceinline__ void load_matrices(u32 (&halves)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(halves[0]), "=r"(halves[1]), "=r"(halves[2]), "=r"(halves[3])
               : "r"(shared_address(row))
               : "memory");
}

// `multiply`: sum[16][8] += a[16][16] * b[16][8] by one warp, in float32. `pack`: two floats to two halves, rounded to
// nearest, what is too large becomes the largest finite half; NaN stays NaN. `pack_relu` puts 0 for negative values
// first. `lo` lies first in memory.
#if __CUDA_ARCH__ >= 800
#define OPERATIONS(HALF, name)                                                                                   \
  __device__ __forceinline__ void multiply(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1, HALF) {           \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." name "." name ".f32 "                                           \
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                                        \
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])                                                 \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                         \
  }                                                                                                              \
  __device__ __forceinline__ u32 pack(float lo, float hi, HALF) {                                                \
    u32 halves;                                                                                                  \
    asm("cvt.rn.satfinite." name "x2.f32 %0, %1, %2;" : "=r"(halves) : "f"(hi), "f"(lo));                        \
    return halves;                                                                                               \
  }                                                                                                              \
  __device__ __forceinline__ u32 pack_relu(float lo, float hi, HALF) {                                           \
    u32 halves;                                                                                                  \
    asm("cvt.rn.relu.satfinite." name "x2.f32 %0, %1, %2;" : "=r"(halves) : "f"(hi), "f"(lo));                   \
    return halves;                                                                                               \
  }
OPERATIONS(F16, "f16")
OPERATIONS(BF16, "bf16")
#undef OPERATIONS
#else
__device__ __forceinline__ void multiply(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1, F16) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(b0));
  asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[2]), "r"(a[3]), "r"(b1));
}
// Comparisons instead of min and max, which would lose a NaN.
__device__ __forceinline__ float clamp(float value, float least) {
  value = value < least ? least : value;
  return value > 65504.f ? 65504.f : value;
}
__device__ __forceinline__ u32 pack_clamped(float lo, float hi) {
  u32 halves;
  asm("{.reg .b16 l, h; cvt.rn.f16.f32 l, %1; cvt.rn.f16.f32 h, %2; mov.b32 %0, {l, h};}"
      : "=r"(halves)
      : "f"(lo), "f"(hi));
  return halves;
}
__device__ __forceinline__ u32 pack(float lo, float hi, F16) {
  return pack_clamped(clamp(lo, -65504.f), clamp(hi, -65504.f));
}
__device__ __forceinline__ u32 pack_relu(float lo, float hi, F16) {
  return pack_clamped(clamp(lo, 0.f), clamp(hi, 0.f));
}
#endif
