/* Operations of ATen through PyTorch's stable C interface (torch/csrc/stable/c/shim.h): tensors over memory that is
   here, other arguments as words of 64 bits, results as handles that own their memory. */
typedef uint64_t d_word;

static struct {
    int (*call)(const char *name, const char *overload, d_word *stack, uint64_t version);
    int (*new_list)(size_t size, void **list);
    int (*append)(void *list, d_word word);
    int (*new_word)(d_word **word);
    int (*over)(void *data, int64_t rank, const int64_t *sizes, const int64_t *strides, int64_t offset, int32_t dtype,
                int32_t device, int32_t index, void **tensor);
    int (*drop)(void *tensor);
    int (*data)(void *tensor, void **data);
    int (*count)(void *tensor, int64_t *count);
    int (*dtype)(void *tensor, int32_t *dtype);
    int (*whole)(void *tensor, bool *whole);
    bool (*grad)(void);
    void (*set_grad)(bool on);
} d_torch;

void d_torch_init(void **functions) { memcpy(&d_torch, functions, sizeof d_torch); }

/* A tensor whose elements lie one after the other. */
static d_word d_tensor(int *bad, void *data, int32_t dtype, int64_t rank, const int64_t *sizes) {
    static char nowhere[64];
    int64_t strides[rank + 1], step = 1;
    void *made = 0;
    for (int64_t d = rank - 1; d >= 0; d--) {
        strides[d] = step;
        step *= sizes[d] > 0 ? sizes[d] : 1;
    }
    *bad |= d_torch.over(data ? data : nowhere, rank, sizes, strides, 0, dtype, 0, 0, &made);
    return (d_word)made;
}

static d_word d_list(int *bad, int64_t count, const d_word *words) {
    void *made = 0;
    *bad |= d_torch.new_list(count, &made);
    for (int64_t k = 0; k < count && !*bad; k++) *bad |= d_torch.append(made, words[k]);
    return (d_word)made;
}

/* An argument that may be missing, and is there. */
static d_word d_some(int *bad, d_word word) {
    d_word *made = 0;
    *bad |= d_torch.new_word(&made);
    if (made) *made = word;
    return (d_word)made;
}

static d_word d_real(double value) {
    d_word word;
    memcpy(&word, &value, sizeof word);
    return word;
}

/* Call an operation; its results take the place of its arguments. */
static int d_aten(int bad, const char *name, const char *overload, d_word *stack, uint64_t version) {
    if (bad) return 1;
    bool grad = d_torch.grad();
    if (grad) d_torch.set_grad(false);
    bad = d_torch.call(name, overload, stack, version);
    if (grad) d_torch.set_grad(true);
    return bad;
}

static void d_drop(void **held) {
    if (*held) d_torch.drop(*held);
    *held = 0;
}

/* Keep a result, and tell where its elements are, one after the other; 1 if it is not what was expected. */
static int d_take(d_word word, int64_t count, int32_t dtype, uint64_t version, void **held, void **data) {
    int64_t found = -1;
    int32_t type = -1;
    bool whole = false;
    d_drop(held);
    *held = (void *)word;
    if (!word || d_torch.count(*held, &found) || d_torch.dtype(*held, &type) || found != count || type != dtype) return 1;
    if (d_torch.whole(*held, &whole)) return 1;
    if (!whole) {
        int bad = 0;
        d_word stack[2] = {word, d_some(&bad, 0)};
        *held = 0; /* the call takes it */
        if (d_aten(bad, "aten::clone", "", stack, version)) return 1;
        *held = (void *)stack[0];
    }
    return d_torch.data(*held, data);
}
