/* Calling compiled functions with tensors: a type whose objects are called like the Python function of a graph.

   It knows PyTorch only by what is given to it: how to find the address of a tensor, how to make one. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int (*d_function)(void **in, void **out, char *arena, void *python);
typedef union {
    bool truth;
    int64_t whole;
    double real;
    struct {
        int64_t rounds;
        char *rows;
    } tape;
    void *made; /* a tensor of PyTorch's C interface */
} Variable;

enum { IN_TENSOR, IN_BOOL, IN_INT, IN_FLOAT, IN_NONE };
enum { SLOT_TENSOR, SLOT_NUMBER, SLOT_TAPE, SLOT_MADE };
enum { OUT_TENSOR, OUT_CHOSEN, OUT_BOOL, OUT_INT, OUT_FLOAT, OUT_INPUT, OUT_VIEW, OUT_AGAIN, OUT_TAPE, OUT_CONSTANT };

typedef struct {
    int kind;
    PyObject *sizes, *strides, *dtype; /* of a tensor */
} Slot;

typedef struct {
    int kind;
    Py_ssize_t place;  /* a slot, an input, or an earlier result */
    int64_t origin;    /* which tensor of the program it is; for a chosen one, the slot of that number */
    PyObject *sizes, *strides, *value; /* of a view (else NULL); a constant, or the dtype of rows */
    int64_t offset;
} Result;

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    d_function function;
    void *python; /* what the function calls for operations of PyTorch */
    Py_ssize_t inputs, measured, constants, slots, results;
    char *input_kinds;
    Py_ssize_t *measured_inputs, *measured_dims;
    void **constant_places;
    Slot *slot;
    Result *result;
    size_t arena_size;
    char *arena; /* for the next call; NULL while one runs */
    PyObject *fail, *empty, *data_ptr, *taken, *parts;
    int (*drop)(void *made); /* lets go of a tensor that was taken; NULL if taking it did */
} Entry;

static int64_t address_of(Entry *self, PyObject *tensor) {
    PyObject *found = PyObject_Vectorcall(self->data_ptr, &tensor, 1, NULL);
    if (!found) return -1;
    int64_t address = (int64_t)PyLong_AsUnsignedLongLong(found);
    Py_DECREF(found);
    return PyErr_Occurred() ? -1 : address;
}

static PyObject *empty(Entry *self, PyObject *sizes, PyObject *strides, PyObject *dtype) {
    PyObject *given[] = {sizes, strides, dtype};
    return PyObject_Vectorcall(self->empty, given, 3, NULL);
}

/* A tensor that an operation made, as one of Python. */
static PyObject *taken(Entry *self, void *handle) {
    PyObject *capsule = PyCapsule_New(handle, NULL, NULL);
    if (!capsule) return NULL;
    PyObject *made = PyObject_CallOneArg(self->taken, capsule);
    Py_DECREF(capsule);
    if (made && self->drop) self->drop(handle);
    return made;
}

static int64_t size_of(PyObject *tensor, Py_ssize_t dim) {
    PyObject *shape = PyObject_GetAttrString(tensor, "shape");
    if (!shape) return -1;
    PyObject *size = PySequence_GetItem(shape, dim);
    Py_DECREF(shape);
    if (!size) return -1;
    int64_t found = PyLong_AsLongLong(size);
    Py_DECREF(size);
    return found;
}

/* Ends the call as failed: `fail` raises. */
static PyObject *failed(Entry *self, int code) {
    PyObject *made = PyObject_CallFunction(self->fail, "i", code);
    if (made) PyErr_SetString(PyExc_RuntimeError, "a run that failed was not told");
    Py_XDECREF(made);
    return NULL;
}

static PyObject *seen(PyObject *tensor, const Result *as, int64_t base) {
    if (!as->sizes) return Py_NewRef(tensor);
    return PyObject_CallMethod(tensor, "as_strided", "OOL", as->sizes, as->strides, (long long)(base + as->offset));
}

static PyObject *view_of(PyObject *tensor, const Result *as) {
    PyObject *offset = PyObject_CallMethod(tensor, "storage_offset", NULL);
    if (!offset) return NULL;
    int64_t base = PyLong_AsLongLong(offset);
    Py_DECREF(offset);
    return base < 0 ? NULL : seen(tensor, as, base);
}

/* The rows that a loop kept, as a tensor. */
static PyObject *rows(Entry *self, const Result *as, const Variable *tape) {
    Py_ssize_t rank = PyTuple_GET_SIZE(as->sizes);
    PyObject *sizes = PyTuple_New(rank + 1), *strides = PyTuple_New(rank + 1), *made = NULL;
    if (!sizes || !strides) goto end;
    int64_t step = 1;
    for (Py_ssize_t d = rank; d >= 0; d--) {
        int64_t size = d ? PyLong_AsLongLong(PyTuple_GET_ITEM(as->sizes, d - 1)) : tape->tape.rounds;
        PyTuple_SET_ITEM(sizes, d, PyLong_FromLongLong(size));
        PyTuple_SET_ITEM(strides, d, PyLong_FromLongLong(step));
        step *= size > 0 ? size : 1;
    }
    if (PyErr_Occurred()) goto end;
    made = empty(self, sizes, strides, as->value);
    if (made && tape->tape.rows) {
        int64_t place = address_of(self, made);
        if (place == -1) Py_CLEAR(made);
        else if (place) memcpy((void *)place, tape->tape.rows, (size_t)(tape->tape.rounds * as->offset));
    }
end:
    Py_XDECREF(sizes);
    Py_XDECREF(strides);
    return made;
}

/* The result before number `count` that is the same tensor of the program, or -1. */
static Py_ssize_t earlier(Entry *self, const Variable *variables, int64_t origin, Py_ssize_t count) {
    for (Py_ssize_t k = 0; k < count; k++) {
        const Result *other = &self->result[k];
        int64_t known = other->kind == OUT_TENSOR ? other->origin
                        : other->kind == OUT_CHOSEN ? variables[other->origin].whole : 0;
        if (known == origin) return k;
    }
    return -1;
}

static PyObject *result_of(Entry *self, Py_ssize_t k, PyObject *const *flat, PyObject *const *made,
                           const Variable *variables, PyObject *before) {
    const Result *result = &self->result[k];
    int64_t origin = 0;
    switch (result->kind) {
    case OUT_CHOSEN:
        origin = variables[result->origin].whole;
        if (origin > 0 && origin <= self->inputs) return Py_NewRef(flat[origin - 1]);
        break;
    case OUT_TENSOR: origin = result->origin; break;
    case OUT_BOOL: return PyBool_FromLong(variables[result->place].truth);
    case OUT_INT: return PyLong_FromLongLong(variables[result->place].whole);
    case OUT_FLOAT: return PyFloat_FromDouble(variables[result->place].real);
    case OUT_INPUT: return Py_NewRef(flat[result->place]);
    case OUT_VIEW: return view_of(flat[result->place], result);
    case OUT_AGAIN: return Py_NewRef(PyTuple_GET_ITEM(before, result->place));
    case OUT_TAPE: return rows(self, result, &variables[result->place]);
    default: return Py_NewRef(result->value);
    }
    Py_ssize_t same = origin > 0 ? earlier(self, variables, origin, k) : -1;
    return same >= 0 ? Py_NewRef(PyTuple_GET_ITEM(before, same)) : seen(made[result->place], result, 0);
}

/* Put what a call is given where the function finds it; 0 if that is done. */
static int given(Entry *self, PyObject *const *flat, void **in, Variable *numbers) {
    Py_ssize_t n = self->inputs;
    for (Py_ssize_t k = 0; k < n; k++) {
        in[k] = &numbers[k];
        int over = 0;
        int64_t address;
        switch (self->input_kinds[k]) {
        case IN_TENSOR:
            address = address_of(self, flat[k]);
            if (address == -1) return -1;
            in[k] = (void *)address;
            break;
        case IN_BOOL: numbers[k].truth = PyObject_IsTrue(flat[k]) == 1; break;
        case IN_INT:
            numbers[k].whole = PyLong_AsLongLongAndOverflow(flat[k], &over);
            if (over || PyErr_Occurred()) {
                PyErr_Clear();
                failed(self, -1);
                return -1;
            }
            break;
        case IN_FLOAT: numbers[k].real = PyFloat_AsDouble(flat[k]); break;
        default: in[k] = NULL;
        }
        if (PyErr_Occurred()) return -1;
    }
    for (Py_ssize_t k = 0; k < self->measured; k++) {
        Variable *place = &numbers[n + k];
        place->whole = size_of(flat[self->measured_inputs[k]], self->measured_dims[k]);
        if (place->whole < 0) return -1;
        in[n + k] = place;
    }
    memcpy(in + n + self->measured, self->constant_places, sizeof(void *) * self->constants);
    return 0;
}

static PyObject *entry_call(PyObject *object, PyObject *const *flat, size_t flags, PyObject *names) {
    Entry *self = (Entry *)object;
    if (PyVectorcall_NARGS(flags) != self->inputs || (names && PyTuple_GET_SIZE(names))) {
        PyErr_Format(PyExc_TypeError, "the graph takes %zd inputs", self->inputs);
        return NULL;
    }
    Py_ssize_t passed = self->inputs + self->measured;
    void *in[passed + self->constants + 1], *out[self->slots + 1];
    Variable numbers[passed + 1], variables[self->slots + 1];
    PyObject *made[self->slots + 1], *results = NULL;
    if (given(self, flat, in, numbers)) return NULL;
    memset(made, 0, sizeof made);
    memset(variables, 0, sizeof variables);
    char *arena = self->arena;
    self->arena = NULL;
    if (!arena && !(arena = aligned_alloc(64, self->arena_size))) return PyErr_NoMemory();
    for (Py_ssize_t k = 0; k < self->slots; k++) {
        Slot *slot = &self->slot[k];
        out[k] = &variables[k];
        if (slot->kind != SLOT_TENSOR) continue;
        made[k] = empty(self, slot->sizes, slot->strides, slot->dtype);
        int64_t address = made[k] ? address_of(self, made[k]) : -1;
        if (address == -1) goto end;
        out[k] = (void *)address;
    }
    int code;
    Py_BEGIN_ALLOW_THREADS
    code = self->function(in, out, arena, self->python);
    Py_END_ALLOW_THREADS
    if (code) {
        failed(self, code);
        goto end;
    }
    for (Py_ssize_t k = 0; k < self->slots; k++)
        if (self->slot[k].kind == SLOT_MADE && !(made[k] = taken(self, variables[k].made))) goto end;
    results = PyTuple_New(self->results);
    for (Py_ssize_t k = 0; results && k < self->results; k++) {
        PyObject *found = result_of(self, k, flat, made, variables, results);
        if (!found) Py_CLEAR(results);
        else PyTuple_SET_ITEM(results, k, found);
    }
    for (Py_ssize_t k = 0; k < self->slots; k++)
        if (self->slot[k].kind == SLOT_TAPE) free(variables[k].tape.rows);
end:
    for (Py_ssize_t k = 0; k < self->slots; k++) Py_XDECREF(made[k]);
    if (self->arena) free(arena);
    else self->arena = arena;
    return results;
}

static int64_t whole(PyObject *tuple, Py_ssize_t k) { return PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, k)); }

static PyObject *or_null(PyObject *tuple, Py_ssize_t k) {
    PyObject *found = PyTuple_GET_ITEM(tuple, k);
    return found == Py_None ? NULL : found;
}

static void *room(Py_ssize_t count, size_t width) { return calloc((size_t)count + 1, width); }

/* Entry(function, python, inputs, measured, constants, slots, results, arena, fail, empty, data_ptr, taken, drop): see `binding.py`. */
static PyObject *entry_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    PyObject *inputs, *measured, *constants, *slots, *results, *fail, *make, *data_ptr, *take;
    unsigned long long function, python, drop;
    Py_ssize_t arena;
    if (!PyArg_ParseTuple(args, "KKO!O!O!O!O!nOOOOK", &function, &python, &PyTuple_Type, &inputs, &PyTuple_Type, &measured,
                          &PyTuple_Type, &constants, &PyTuple_Type, &slots, &PyTuple_Type, &results, &arena, &fail,
                          &make, &data_ptr, &take, &drop))
        return NULL;
    Entry *self = (Entry *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->call = entry_call;
    self->function = (d_function)(uintptr_t)function;
    self->python = (void *)(uintptr_t)python;
    self->drop = (int (*)(void *))(uintptr_t)drop;
    self->arena_size = ((size_t)arena + 63) / 64 * 64;
    self->parts = PyTuple_Pack(6, slots, results, fail, make, data_ptr, take); /* keeps what is pointed to */
    self->fail = fail, self->empty = make, self->data_ptr = data_ptr, self->taken = take;
    self->inputs = PyTuple_GET_SIZE(inputs), self->measured = PyTuple_GET_SIZE(measured);
    self->constants = PyTuple_GET_SIZE(constants);
    self->slots = PyTuple_GET_SIZE(slots), self->results = PyTuple_GET_SIZE(results);
    self->input_kinds = room(self->inputs, 1);
    self->measured_inputs = room(self->measured, sizeof(Py_ssize_t));
    self->measured_dims = room(self->measured, sizeof(Py_ssize_t));
    self->constant_places = room(self->constants, sizeof(void *));
    self->slot = room(self->slots, sizeof(Slot));
    self->result = room(self->results, sizeof(Result));
    if (!self->input_kinds || !self->measured_inputs || !self->measured_dims || !self->constant_places ||
        !self->slot || !self->result) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t k = 0; k < self->inputs; k++) self->input_kinds[k] = (char)whole(inputs, k);
    for (Py_ssize_t k = 0; k < self->measured; k++) {
        self->measured_inputs[k] = whole(PyTuple_GET_ITEM(measured, k), 0);
        self->measured_dims[k] = whole(PyTuple_GET_ITEM(measured, k), 1);
    }
    for (Py_ssize_t k = 0; k < self->constants; k++) self->constant_places[k] = (void *)whole(constants, k);
    for (Py_ssize_t k = 0; k < self->slots; k++) {
        PyObject *slot = PyTuple_GET_ITEM(slots, k);
        self->slot[k] = (Slot){(int)whole(slot, 0), or_null(slot, 1), or_null(slot, 2), or_null(slot, 3)};
    }
    for (Py_ssize_t k = 0; k < self->results; k++) {
        PyObject *r = PyTuple_GET_ITEM(results, k);
        self->result[k] = (Result){(int)whole(r, 0), whole(r, 1), whole(r, 2), or_null(r, 3), or_null(r, 4),
                                   PyTuple_GET_ITEM(r, 5), whole(r, 6)};
    }
    if (PyErr_Occurred()) Py_CLEAR(self);
    return (PyObject *)self;
}

static void entry_dealloc(Entry *self) {
    free(self->input_kinds), free(self->measured_inputs), free(self->measured_dims), free(self->constant_places);
    free(self->slot), free(self->result), free(self->arena);
    Py_XDECREF(self->parts);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyTypeObject entry_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "diptych_binding.Entry",
    .tp_doc = "A compiled function as a function over the flat inputs of its graph.",
    .tp_basicsize = sizeof(Entry),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = entry_new,
    .tp_dealloc = (destructor)entry_dealloc,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Entry, call),
};

static struct PyModuleDef binding = {PyModuleDef_HEAD_INIT, .m_name = "diptych_binding", .m_size = -1};

PyMODINIT_FUNC PyInit_diptych_binding(void) {
    PyObject *module = PyModule_Create(&binding);
    if (module && PyModule_AddType(module, &entry_type)) Py_CLEAR(module);
    return module;
}
