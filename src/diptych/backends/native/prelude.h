/* What the generated function uses. Elements are handled as PyTorch does: NaN and infinities are kept. */
/* Vectors as wide as the machine has them. They pay where C's functions are called for several elements at once
   (a tenth to a fifth of the time of a recurrent cell); divisions and maxima of short rows take longer by them. */
#if defined(D_WIDE) && defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("prefer-vector-width=512")
#endif

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Variants of C's functions for several elements at once (libmvec of the GNU C library). */
#ifdef D_VECTOR_MATH
#define D_SIMD __attribute__((simd("notinbranch")))
D_SIMD float expf(float); D_SIMD float logf(float); D_SIMD float sinf(float); D_SIMD float cosf(float);
D_SIMD float tanhf(float); D_SIMD float erff(float); D_SIMD float powf(float, float); D_SIMD float expm1f(float);
D_SIMD float log1pf(float); D_SIMD float log2f(float); D_SIMD float exp2f(float);
D_SIMD double exp(double); D_SIMD double log(double); D_SIMD double sin(double); D_SIMD double cos(double);
D_SIMD double tanh(double); D_SIMD double erf(double); D_SIMD double pow(double, double);
#endif

typedef void (*d_gemm_s)(const char *, const char *, const int *, const int *, const int *, const float *,
                         const float *, const int *, const float *, const int *, const float *, float *, const int *);
typedef void (*d_gemm_d)(const char *, const char *, const int *, const int *, const int *, const double *,
                         const double *, const int *, const double *, const int *, const double *, double *, const int *);
typedef int (*d_call)(int64_t number, void **pointers);

static d_gemm_s d_sgemm_of_mkl;
static d_gemm_d d_dgemm_of_mkl;

void d_init(void *sgemm, void *dgemm) {
    d_sgemm_of_mkl = (d_gemm_s)sgemm;
    d_dgemm_of_mkl = (d_gemm_d)dgemm;
}

/* Whether one of the first `chosen` results is a view of an input, or of the tensor that another result is a view of. */
static bool d_shared(const int *origins, int chosen, int count, int inputs) {
    for (int k = 0; k < chosen; k++)
        for (int j = 0; j < count && origins[k] < 0; j++)
            if (-origins[k] <= inputs || (j != k && (origins[j] == origins[k] || origins[j] == -origins[k]))) return true;
    return false;
}

static inline float d_remainderf(float a, float b) {
    float m = fmodf(a, b);
    return (m != 0 && ((b < 0) != (m < 0))) ? m + b : m;
}
static inline double d_remainder(double a, double b) {
    double m = fmod(a, b);
    return (m != 0 && ((b < 0) != (m < 0))) ? m + b : m;
}
static inline float d_floordivf(float a, float b) {
    if (b == 0) return a / b;
    float m = fmodf(a, b), q = (a - m) / b;
    if (m != 0 && ((b < 0) != (m < 0))) q -= 1;
    if (q == 0) return copysignf(0, a / b);
    float f = floorf(q);
    return q - f > 0.5f ? f + 1 : f;
}
static inline double d_floordiv(double a, double b) {
    if (b == 0) return a / b;
    double m = fmod(a, b), q = (a - m) / b;
    if (m != 0 && ((b < 0) != (m < 0))) q -= 1;
    if (q == 0) return copysign(0, a / b);
    double f = floor(q);
    return q - f > 0.5 ? f + 1 : f;
}
static inline int64_t d_imod(int64_t a, int64_t b) {
    if (b == 0 || b == -1) return 0;
    int64_t m = a % b;
    return (m != 0 && ((b < 0) != (m < 0))) ? m + b : m;
}
static inline int64_t d_idiv(int64_t a, int64_t b) {
    int64_t q = a / b;
    return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}

#define D_GEMM(NAME, T, MKL)                                                                                         \
    static inline void NAME(const T *a, const T *b, T *c, int64_t m, int64_t n, int64_t k, int64_t lda, int64_t ldb, \
                            int a_turned, int b_turned, int add) {                                                   \
        if (m == 0 || n == 0) return;                                                                                \
        if (k == 0) {                                                                                                \
            if (!add) memset(c, 0, sizeof(T) * m * n);                                                               \
            return;                                                                                                  \
        }                                                                                                            \
        int M = (int)m, N = (int)n, K = (int)k, A = (int)lda, B = (int)ldb;                                          \
        T one = 1, old = add ? 1 : 0;                                                                                \
        MKL(b_turned ? "T" : "N", a_turned ? "T" : "N", &N, &M, &K, &one, b, &B, a, &A, &old, c, &N);                 \
    }
D_GEMM(d_sgemm, float, d_sgemm_of_mkl)
D_GEMM(d_dgemm, double, d_dgemm_of_mkl)

/* The rows that a loop keeps of its rounds. */
typedef struct {
    char *data;
    int64_t room;
} d_tape;

static inline int d_keep(d_tape *tape, int64_t round, const void *row, int64_t bytes) {
    if ((round + 1) * bytes > tape->room) {
        int64_t room = tape->room ? 2 * tape->room : 32 * bytes;
        if (room < 64) room = 64;
        char *data = (char *)realloc(tape->data, room);
        if (!data) return 1;
        tape->data = data;
        tape->room = room;
    }
    memcpy(tape->data + round * bytes, row, bytes);
    return 0;
}

/* Memory of sizes that only the run knows: given piece by piece, taken back down to a mark, or as a whole. */
typedef struct d_chunk {
    struct d_chunk *next;
    int64_t size, used;
} d_chunk;
typedef struct {
    d_chunk *first, *now;
} d_pool;
typedef struct {
    d_chunk *now;
    int64_t used;
} d_mark;

static void *d_room(d_pool *pool, int64_t bytes) {
    int64_t size = bytes > 64 ? (bytes + 63) / 64 * 64 : 64, room = 1 << 16;
    d_chunk *last = 0;
    for (d_chunk *chunk = pool->now; chunk; last = chunk, chunk = chunk->next) {
        if (chunk != pool->now) chunk->used = 0;
        if (chunk->size - chunk->used >= size) {
            pool->now = chunk;
            chunk->used += size;
            return (char *)chunk + 64 + chunk->used - size;
        }
        room = 2 * chunk->size;
    }
    if (room < size) room = size;
    d_chunk *made = (d_chunk *)aligned_alloc(64, 64 + room);
    if (!made) return 0;
    *made = (d_chunk){0, room, size};
    if (last) last->next = made;
    else pool->first = made;
    pool->now = made;
    return (char *)made + 64;
}
static inline d_mark d_marked(const d_pool *pool) { return (d_mark){pool->now, pool->now ? pool->now->used : 0}; }
static inline void d_back_to(d_pool *pool, d_mark mark) {
    pool->now = mark.now ? mark.now : pool->first;
    if (pool->now) pool->now->used = mark.used;
}
static inline void d_clear(d_pool *pool) {
    for (d_chunk *chunk = pool->first, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
}

/* What the functions of a graph share in a run: memory for their calls, constants, and how deep the calls are. */
typedef struct {
    d_pool pool;
    void **constants;
    d_call python;
    int depth, made;
    const char *stack;
} d_env;

/* Whether a call goes too deep: for Python, or for C's stack, of which a quarter of a megabyte is used. */
static inline bool d_too_deep(d_env *env, int frames, int most) {
    const char here = 0;
    ptrdiff_t used = env->stack - &here;
    if (env->depth + frames > most || used > (1 << 18) || used < -(1 << 18)) return true;
    env->depth += frames;
    return false;
}
