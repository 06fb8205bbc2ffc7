/* Small products of matrices, C = S + A @ B, in blocks of registers; all sizes are constants where they are called. */

#if defined(__AVX512F__)
#define D_LANES 16 /* floats in a vector */
#define D_WIDE 4   /* vectors in the row of a tile */
#elif defined(__AVX2__) && defined(__FMA__)
#define D_LANES 8
#define D_WIDE 2
#else
#define D_LANES 4
#define D_WIDE 2
#endif
#define D_HALF (D_LANES / 2)
#define D_DEEP 1024 /* up to how many rows of B are packed */

typedef float d_vf __attribute__((vector_size(D_LANES * 4), aligned(4), may_alias));
typedef double d_vd __attribute__((vector_size(D_HALF * 8), aligned(8), may_alias));
typedef int32_t d_if __attribute__((vector_size(D_LANES * 4)));
typedef int64_t d_id __attribute__((vector_size(D_HALF * 8)));

/* a * b + c, rounded once where the machine can. */
#if defined(__clang__) && (D_LANES > 4 || defined(__ARM_FEATURE_FMA))
#define D_FMA_F(a, b, c) __builtin_elementwise_fma(a, b, c)
#define D_FMA_D(a, b, c) __builtin_elementwise_fma(a, b, c)
#elif D_LANES == 16
#define D_FMA_F(a, b, c) __builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4)
#define D_FMA_D(a, b, c) __builtin_ia32_vfmaddpd512_mask(a, b, c, -1, 4)
#elif D_LANES == 8
#define D_FMA_F(a, b, c) __builtin_ia32_vfmaddps256(a, b, c)
#define D_FMA_D(a, b, c) __builtin_ia32_vfmaddpd256(a, b, c)
#else
#define D_FMA_F(a, b, c) ((a) * (b) + (c))
#define D_FMA_D(a, b, c) ((a) * (b) + (c))
#endif

#if defined(__clang__)
#define D_PICK(I, x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define D_PICK(I, x, y, ...) __builtin_shuffle(x, y, (I){__VA_ARGS__})
#endif

/* A tile of P rows and Q vectors of columns, of a B that is stored row by row; `width` columns are asked for. */
#define D_TILE(NAME, T, V, L, FMA)                                                                                   \
    static inline __attribute__((always_inline)) void NAME(const T *a, const T *b, const T *s, T *c, const int64_t k, \
        const int64_t sa0, const int64_t sa1, const int64_t ldb, const int64_t lds, const int64_t ldc, const int P,  \
        const int Q, const int64_t width) {                                                                          \
        V x[4][D_WIDE], y[D_WIDE];                                                                                   \
        const size_t bytes = (width < Q * L ? width : Q * L) * sizeof(T);                                            \
        _Pragma("GCC unroll 4") for (int p = 0; p < P; p++) {                                                        \
            _Pragma("GCC unroll 4") for (int q = 0; q < Q; q++) x[p][q] = (V){0};                                    \
            if (s) memcpy(x[p], s + p * lds, bytes);                                                                 \
        }                                                                                                            \
        for (int64_t l = 0; l < k; l++) {                                                                            \
            _Pragma("GCC unroll 4") for (int q = 0; q < Q; q++) y[q] = *(const V *)(b + l * ldb + q * L);            \
            _Pragma("GCC unroll 4") for (int p = 0; p < P; p++) {                                                    \
                V r = a[p * sa0 + l * sa1] - (V){0};                                                                 \
                _Pragma("GCC unroll 4") for (int q = 0; q < Q; q++) x[p][q] = FMA(r, y[q], x[p][q]);                 \
            }                                                                                                        \
        }                                                                                                            \
        _Pragma("GCC unroll 4") for (int p = 0; p < P; p++) memcpy(c + p * ldc, x[p], bytes);                        \
    }
D_TILE(d_tile_f, float, d_vf, D_LANES, D_FMA_F)
D_TILE(d_tile_d, double, d_vd, D_HALF, D_FMA_D)

/* The rows of `m` that a tile begins at: four at a time, then two, then one. */
#define D_ROWS(m, CALL)                    \
    {                                      \
        int64_t i = 0;                     \
        for (; i + 4 <= m; i += 4) {       \
            enum { P = 4 };                \
            CALL;                          \
        }                                  \
        if (i + 2 <= m) {                  \
            enum { P = 2 };                \
            CALL;                          \
            i += 2;                        \
        }                                  \
        if (i < m) {                       \
            enum { P = 1 };                \
            CALL;                          \
        }                                  \
    }

#if D_LANES > 4
/* Sums of neighbours in each of x and y, so that sixteen (eight, four) vectors become the vector of their sums. */
#if D_LANES == 16
#define D_SUM1_F(x, y)                                                                                               \
    (D_PICK(d_if, x, y, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) +                                 \
     D_PICK(d_if, x, y, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#define D_SUM2_F(x, y)                                                                                               \
    (D_PICK(d_if, x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +                                  \
     D_PICK(d_if, x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#define D_SUM4_F(x, y)                                                                                               \
    (D_PICK(d_if, x, y, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27) +                                  \
     D_PICK(d_if, x, y, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
#define D_SUM8_F(x, y)                                                                                               \
    (D_PICK(d_if, x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +                                    \
     D_PICK(d_if, x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#define D_SUM1_D(x, y) (D_PICK(d_id, x, y, 0, 8, 2, 10, 4, 12, 6, 14) + D_PICK(d_id, x, y, 1, 9, 3, 11, 5, 13, 7, 15))
#define D_SUM2_D(x, y) (D_PICK(d_id, x, y, 0, 1, 8, 9, 4, 5, 12, 13) + D_PICK(d_id, x, y, 2, 3, 10, 11, 6, 7, 14, 15))
#define D_SUM4_D(x, y) (D_PICK(d_id, x, y, 0, 1, 2, 3, 8, 9, 10, 11) + D_PICK(d_id, x, y, 4, 5, 6, 7, 12, 13, 14, 15))
#else
#define D_SUM1_F(x, y) (D_PICK(d_if, x, y, 0, 2, 8, 10, 4, 6, 12, 14) + D_PICK(d_if, x, y, 1, 3, 9, 11, 5, 7, 13, 15))
#define D_SUM2_F(x, y) D_SUM1_F(x, y)
#define D_SUM4_F(x, y) (D_PICK(d_if, x, y, 0, 1, 2, 3, 8, 9, 10, 11) + D_PICK(d_if, x, y, 4, 5, 6, 7, 12, 13, 14, 15))
#define D_SUM8_F(x, y) (x)
#define D_SUM1_D(x, y) (D_PICK(d_id, x, y, 0, 4, 2, 6) + D_PICK(d_id, x, y, 1, 5, 3, 7))
#define D_SUM2_D(x, y) (D_PICK(d_id, x, y, 0, 1, 4, 5) + D_PICK(d_id, x, y, 2, 3, 6, 7))
#define D_SUM4_D(x, y) (x)
#endif
#define D_SUM8_D(x, y) (x)

/* A tile of P rows and L / P columns, of an A stored row by row and a B stored column by column; k is at least L. */
#define D_DOTS(NAME, T, V, I, L, FMA, LETTER)                                                                        \
    static inline __attribute__((always_inline)) void NAME(const T *a, const T *b, const T *s, T *c, const int64_t k, \
        const int64_t lda, const int64_t ldb, const int64_t lds, const int64_t ldc, const int P) {                   \
        const int Q = L / P;                                                                                         \
        V x[L], u, r[4];                                                                                             \
        I rest;                                                                                                      \
        _Pragma("GCC unroll 16") for (int t = 0; t < L; t++) x[t] = (V){0}, rest[t] = t < L - k % L ? 0 : -1;         \
        for (int64_t l = 0; l + L <= k; l += L) {                                                                    \
            _Pragma("GCC unroll 4") for (int p = 0; p < P; p++) r[p] = *(const V *)(a + p * lda + l);                \
            _Pragma("GCC unroll 16") for (int q = 0; q < Q; q++) {                                                   \
                u = *(const V *)(b + q * ldb + l);                                                                   \
                _Pragma("GCC unroll 4") for (int p = 0; p < P; p++) x[p * Q + q] = FMA(r[p], u, x[p * Q + q]);       \
            }                                                                                                        \
        }                                                                                                            \
        if (k % L) {                                                                                                 \
            _Pragma("GCC unroll 4") for (int p = 0; p < P; p++)                                                      \
                r[p] = (V)((I) * (const V *)(a + p * lda + k - L) & rest);                                           \
            _Pragma("GCC unroll 16") for (int q = 0; q < Q; q++) {                                                   \
                u = (V)((I) * (const V *)(b + q * ldb + k - L) & rest);                                              \
                _Pragma("GCC unroll 4") for (int p = 0; p < P; p++) x[p * Q + q] = FMA(r[p], u, x[p * Q + q]);       \
            }                                                                                                        \
        }                                                                                                            \
        _Pragma("GCC unroll 16") for (int t = 0; t < L; t += 2) x[t] = D_SUM1_##LETTER(x[t], x[t + 1]);              \
        _Pragma("GCC unroll 16") for (int t = 0; t < L; t += 4) x[t] = D_SUM2_##LETTER(x[t], x[t + 2]);              \
        if (L > 4) _Pragma("GCC unroll 16") for (int t = 0; t < L; t += 8) x[t] = D_SUM4_##LETTER(x[t], x[t + 4]);   \
        if (L > 8) x[0] = D_SUM8_##LETTER(x[0], x[8]);                                                               \
        V start = {0};                                                                                               \
        if (s) _Pragma("GCC unroll 4") for (int p = 0; p < P; p++)                                                   \
            memcpy((T *)&start + p * Q, s + p * lds, Q * sizeof(T));                                                 \
        x[0] += start;                                                                                               \
        _Pragma("GCC unroll 4") for (int p = 0; p < P; p++) memcpy(c + p * ldc, (T *)&x[0] + p * Q, Q * sizeof(T));  \
    }
D_DOTS(d_dots_f, float, d_vf, d_if, D_LANES, D_FMA_F, F)
D_DOTS(d_dots_d, double, d_vd, d_id, D_HALF, D_FMA_D, D)
#else
#define d_dots_f(...) (void)0
#define d_dots_d(...) (void)0
#endif

/* `S` is the start of a row with distance `lds` (0: the same row for all), or NULL. Columns that do not fill a vector
   are computed together with some before them once more. Where the rows of B are short, or it is stored column by
   column and not deep, columns are packed first. */
#define D_SMALL(NAME, T, L, TILE, DOTS)                                                                              \
    static inline __attribute__((always_inline)) void NAME(const T *a, const T *b, const T *s, T *c, const int64_t m, \
        const int64_t n, const int64_t k, const int64_t lda, const int64_t ldb, const int64_t lds,                   \
        const int a_turned, const int b_turned) {                                                                    \
        const int64_t sa0 = a_turned ? 1 : lda, sa1 = a_turned ? lda : 1;                                            \
        const int64_t sb0 = b_turned ? 1 : ldb, sb1 = b_turned ? ldb : 1;                                            \
        const int dots = D_LANES > 4 && b_turned && !a_turned && k >= L && (n >= L || (n >= L / 4 && m % 4 == 0));   \
        const int packs = b_turned ? !dots : n < L;                                                                  \
        if (n == 1 || (b_turned && m <= 2 && !dots) || (packs && k > D_DEEP)) {                                      \
            for (int64_t i = 0; i < m; i++)                                                                          \
                for (int64_t j = 0; j < n; j++) {                                                                    \
                    T x = 0;                                                                                         \
                    _Pragma("omp simd reduction(+:x)") for (int64_t l = 0; l < k; l++)                               \
                        x += a[i * sa0 + l * sa1] * b[l * sb0 + j * sb1];                                            \
                    c[i * n + j] = s ? x + s[i * lds + j] : x;                                                       \
                }                                                                                                    \
        } else if (packs) {                                                                                          \
            T packed[k * L];                                                                                         \
            for (int64_t j = 0; j < n; j += L) {                                                                     \
                const int64_t width = n - j < L ? n - j : L;                                                         \
                for (int64_t l = 0; l < k; l++)                                                                      \
                    for (int64_t e = 0; e < L; e++) packed[l * L + e] = e < width ? b[l * sb0 + (j + e) * sb1] : 0;  \
                D_ROWS(m, TILE(a + i * sa0, packed, s ? s + i * lds + j : s, c + i * n + j, k, sa0, sa1, L, lds, n,  \
                               P, 1, width))                                                                         \
            }                                                                                                        \
        } else if (dots) {                                                                                           \
            D_ROWS(m, for (int64_t j = 0; j < n; j += L / P) {                                                       \
                const int64_t e = j + L / P <= n ? j : n - L / P;                                                    \
                DOTS(a + i * lda, b + e * ldb, s ? s + i * lds + e : s, c + i * n + e, k, lda, ldb, lds, n, P);      \
            })                                                                                                       \
        } else {                                                                                                     \
            int64_t j = 0;                                                                                           \
            for (; j + D_WIDE * L <= n; j += D_WIDE * L)                                                             \
                D_ROWS(m, TILE(a + i * sa0, b + j, s ? s + i * lds + j : s, c + i * n + j, k, sa0, sa1, ldb, lds, n, \
                               P, D_WIDE, D_WIDE * L))                                                               \
            for (; j < n; j += L) {                                                                                  \
                const int64_t e = j + L <= n ? j : n - L;                                                            \
                D_ROWS(m, TILE(a + i * sa0, b + e, s ? s + i * lds + e : s, c + i * n + e, k, sa0, sa1, ldb, lds, n, \
                               P, 1, L))                                                                             \
            }                                                                                                        \
        }                                                                                                            \
    }
D_SMALL(d_ssmall, float, D_LANES, d_tile_f, d_dots_f)
D_SMALL(d_dsmall, double, D_HALF, d_tile_d, d_dots_d)
