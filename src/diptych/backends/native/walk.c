/* Walking structures of Python objects: which kind each node is of, what it holds, and where its children stand.

   It is `Structure.flat` of diptych/capture/structure.py in C. A kind is a list of instructions over numbered places;
   place 0 is the node. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { READ_ATTRIBUTE, READ_ITEM, READ_CALL, IS_PLACE, IS_NOT_PLACE, IS_VALUE, EQUALS, OF_TYPE, OF_LENGTH, NO_INSTANCE, TEST };
enum { NUMBER_BOOL, NUMBER_INT, NUMBER_FLOAT, NUMBER_NONE };
enum { LIMIT = 900, BITS = 31 };

typedef struct {
    int op;
    Py_ssize_t place, other; /* what is read or tested; where it is put, what it is compared with, or a length */
    PyObject *value;
} Step;

typedef struct {
    Py_ssize_t steps, places, children, rows;
    Step *step;
    Py_ssize_t *child, *row;
    int *number;    /* of each row: which kind of number it is, or none */
    PyObject *none; /* of each row: the tensor of no nodes */
} Kind;

typedef struct {
    PyObject *node;
    int64_t level, kind, at, first; /* `first`: where its children and rows begin */
} Record;

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    Py_ssize_t kinds;
    Kind *kind;
    PyObject *parts; /* what it was made of, which holds all other objects */
    PyObject *empty, *data_ptr, *stack, *int64, *float64, *truth;
} Walker;

/* What one walk has found. */
typedef struct {
    Record *record;
    int64_t records, record_room, *table, table_size; /* `table`: numbers of records by the address of their nodes */
    int64_t *child, children, child_room, *count, levels, level_room;
    PyObject **held; /* rows */
    int64_t rows, row_room;
} Walk;

static bool grown(void **data, int64_t *room, int64_t needed, size_t width) {
    if (needed <= *room) return true;
    int64_t wanted = *room ? 2 * *room : 64;
    if (wanted < needed) wanted = needed;
    void *made = realloc(*data, wanted * width);
    if (!made) {
        PyErr_NoMemory();
        return false;
    }
    *data = made;
    *room = wanted;
    return true;
}

static uint64_t hashed(const PyObject *node) { return ((uint64_t)(uintptr_t)node >> 4) * 0x9E3779B97F4A7C15ull; }

static int64_t *slot_of(Walk *walk, const PyObject *node) {
    uint64_t mask = (uint64_t)walk->table_size - 1, at = (hashed(node) >> 20) & mask;
    while (walk->table[at] && walk->record[walk->table[at] - 1].node != node) at = (at + 1) & mask;
    return walk->table + at;
}

static bool remembered(Walk *walk, int64_t number) {
    if (2 * (number + 1) > walk->table_size) {
        int64_t size = walk->table_size ? 2 * walk->table_size : 256;
        int64_t *table = calloc(size, sizeof(int64_t));
        if (!table) {
            PyErr_NoMemory();
            return false;
        }
        free(walk->table);
        walk->table = table;
        walk->table_size = size;
        for (int64_t k = 0; k < number; k++) *slot_of(walk, walk->record[k].node) = k + 1;
    }
    *slot_of(walk, walk->record[number].node) = number + 1;
    return true;
}

/* The attribute as it is stored with an object whose class does not say otherwise. */
static PyObject *attribute(PyObject *owner, PyObject *name) {
    if (Py_TYPE(owner)->tp_getattro == PyObject_GenericGetAttr) return PyObject_GenericGetAttr(owner, name);
    PyErr_SetString(PyExc_AttributeError, "a class with attributes of its own making");
    return NULL;
}

/* 1 if a step is done and holds, 0 if it does not, -1 after an error. */
static int done(const Step *step, PyObject **place) {
    PyObject *seen = place[step->place], *made = NULL;
    switch (step->op) {
    case READ_ATTRIBUTE: made = attribute(seen, step->value); break;
    case READ_ITEM: made = PyObject_GetItem(seen, step->value); break;
    case READ_CALL: made = PyObject_CallOneArg(step->value, seen); break;
    case IS_PLACE: return seen == place[step->other];
    case IS_NOT_PLACE: return seen != place[step->other];
    case IS_VALUE: return seen == step->value;
    case EQUALS: return Py_TYPE(seen) == Py_TYPE(step->value) ? PyObject_RichCompareBool(seen, step->value, Py_EQ) : 0;
    case OF_TYPE: return (PyObject *)Py_TYPE(seen) == step->value;
    case OF_LENGTH: return (PyObject *)Py_TYPE(seen) == step->value ? PyObject_Length(seen) == step->other : 0;
    case NO_INSTANCE: {
        int is = PyObject_IsInstance(seen, step->value);
        return is < 0 ? is : !is;
    }
    case TEST:
        made = PyObject_CallOneArg(step->value, seen);
        if (!made) return -1;
        int holds = PyObject_IsTrue(made);
        Py_DECREF(made);
        return holds;
    }
    place[step->other] = made;
    return made ? 1 : -1;
}

static int64_t visit(Walker *self, Walk *walk, PyObject *node, int depth);

/* The children and rows of a node of this kind; 1 if it is one, 0 if not, -1 after an error. */
static int matched(const Kind *kind, PyObject **place) {
    for (Py_ssize_t k = 0; k < kind->steps; k++) {
        int holds = done(kind->step + k, place);
        if (holds < 0) {
            if (!PyErr_ExceptionMatches(PyExc_Exception)) return -1;
            PyErr_Clear();
            return 0;
        }
        if (!holds) return 0;
    }
    return 1;
}

static int64_t entered(Walker *self, Walk *walk, PyObject *node, Py_ssize_t number, PyObject **place, int depth) {
    const Kind *kind = self->kind + number;
    int64_t children[kind->children + 1], level = 0;
    for (Py_ssize_t c = 0; c < kind->children; c++) {
        children[c] = visit(self, walk, place[kind->child[c]], depth + 1);
        if (children[c] < 0) return children[c];
        int64_t above = walk->record[children[c]].level + 1;
        if (above > level) level = above;
    }
    bool room = grown((void **)&walk->record, &walk->record_room, walk->records + 1, sizeof(Record)) &&
                grown((void **)&walk->child, &walk->child_room, walk->children + kind->children, sizeof(int64_t)) &&
                grown((void **)&walk->held, &walk->row_room, walk->rows + kind->rows, sizeof(PyObject *)) &&
                grown((void **)&walk->count, &walk->level_room, (level + 1) * self->kinds, sizeof(int64_t));
    if (!room) return -1;
    if (level == walk->levels) memset(walk->count + walk->levels++ * self->kinds, 0, self->kinds * sizeof(int64_t));
    int64_t *count = walk->count + level * self->kinds + number;
    walk->record[walk->records] = (Record){Py_NewRef(node), level, number, (*count)++, walk->children};
    for (Py_ssize_t c = 0; c < kind->children; c++) walk->child[walk->children++] = children[c];
    for (Py_ssize_t r = 0; r < kind->rows; r++) walk->held[walk->rows++] = Py_NewRef(place[kind->row[r]]);
    int64_t made = walk->records++;
    return remembered(walk, made) ? made : -1;
}

/* The number of the record of a node; -1 after an error, -2 if it is of no kind, or too deep. */
static int64_t visit(Walker *self, Walk *walk, PyObject *node, int depth) {
    if (depth > LIMIT) return -2;
    if (walk->table_size) {
        int64_t known = *slot_of(walk, node);
        if (known) return known - 1;
    }
    int64_t found = -2;
    for (Py_ssize_t k = 0; k < self->kinds && found == -2; k++) {
        Py_ssize_t places = self->kind[k].places;
        PyObject *place[places];
        memset(place, 0, sizeof(PyObject *) * places);
        place[0] = node;
        int is = matched(self->kind + k, place);
        if (is > 0) found = entered(self, walk, node, k, place, depth);
        for (Py_ssize_t p = 1; p < places; p++) Py_XDECREF(place[p]);
        if (is < 0) return -1;
        if (is > 0) break;
    }
    return found;
}

/* A new tensor of this many rows (and columns, if there are any), and where its elements are. */
static PyObject *tensor(Walker *self, PyObject *dtype, int64_t rows, int64_t columns, void **data) {
    PyObject *sizes = columns < 0 ? Py_BuildValue("(L)", (long long)rows) : Py_BuildValue("(LL)", rows, columns);
    PyObject *steps = columns < 0 ? Py_BuildValue("(i)", 1) : Py_BuildValue("(Li)", columns, 1);
    PyObject *given[] = {sizes, steps, dtype}, *made = NULL, *address = NULL;
    if (sizes && steps) made = PyObject_Vectorcall(self->empty, given, 3, NULL);
    if (made) address = PyObject_CallOneArg(self->data_ptr, made);
    if (address) *data = (void *)(uintptr_t)PyLong_AsUnsignedLongLong(address);
    Py_XDECREF(sizes);
    Py_XDECREF(steps);
    Py_XDECREF(address);
    if (PyErr_Occurred()) Py_CLEAR(made);
    return made;
}

/* The row of a record among all nodes of its kind. */
static int64_t row_of(const Walk *walk, const int64_t *before, Py_ssize_t kinds, const Record *record) {
    return before[record->level * kinds + record->kind] + record->at;
}

/* A number that a node holds, as element `row`; 1 if it fits, 0 if not, -1 after an error. */
static int put(void *data, int64_t row, int number, PyObject *value) {
    if (number == NUMBER_FLOAT) {
        ((double *)data)[row] = PyFloat_AsDouble(value);
    } else if (number == NUMBER_BOOL) {
        ((bool *)data)[row] = value == Py_True;
    } else {
        int over;
        int64_t whole = PyLong_AsLongLongAndOverflow(value, &over);
        if (over || whole >> BITS > 0 || -whole >> BITS > 0) return 0;
        ((int64_t *)data)[row] = whole;
    }
    return PyErr_Occurred() ? -1 : 1;
}

/* Column `r` of what the nodes of a kind hold: a tensor of numbers, or tensors stacked; None where one does not fit. */
static PyObject *column(Walker *self, Walk *walk, const int64_t *before, Py_ssize_t k, Py_ssize_t r, int64_t nodes) {
    const Kind *kind = self->kind + k;
    int number = kind->number[r];
    PyObject *dtypes[] = {self->truth, self->int64, self->float64}, *made;
    void *data = NULL;
    if (number == NUMBER_NONE && !nodes) return Py_NewRef(PyTuple_GET_ITEM(kind->none, r));
    made = number == NUMBER_NONE ? PyList_New(nodes) : tensor(self, dtypes[number], nodes, -1, &data);
    int64_t at = 0;
    for (int64_t i = 0; made && i < walk->records; i++) {
        const Record *record = walk->record + i;
        PyObject *value = walk->held[at + r];
        if (record->kind == k) {
            int64_t row = row_of(walk, before, self->kinds, record);
            if (number == NUMBER_NONE) {
                PyList_SET_ITEM(made, row, Py_NewRef(value));
            } else {
                int fits = put(data, row, number, value);
                if (fits <= 0) Py_CLEAR(made);
                if (!fits) return Py_NewRef(Py_None);
            }
        }
        at += self->kind[record->kind].rows;
    }
    if (!made || number != NUMBER_NONE) return made;
    PyObject *stacked = PyObject_CallOneArg(self->stack, made);
    Py_DECREF(made);
    return stacked;
}

static bool append(PyObject *list, PyObject *item) {
    bool fine = item && item != Py_None && PyList_Append(list, item) == 0;
    if (item == Py_None && !PyErr_Occurred()) PyErr_SetNone(PyExc_StopIteration);
    Py_XDECREF(item);
    return fine;
}

/* The operands of the fold; NULL with StopIteration if a number does not fit. */
static PyObject *operands(Walker *self, Walk *walk, const int64_t *roots, Py_ssize_t count) {
    Py_ssize_t kinds = self->kinds;
    int64_t cells = walk->levels * kinds, *before = calloc(2 * cells + kinds + 1, sizeof(int64_t));
    PyObject *made = PyList_New(0);
    if (!before || !made) goto failed;
    int64_t *start = before + cells, *total = start + cells, number = 0;
    for (int64_t cell = 0; cell < cells; cell++) {
        start[cell] = number;
        before[cell] = total[cell % kinds];
        number += walk->count[cell];
        total[cell % kinds] += walk->count[cell];
    }
    int64_t *data = NULL;
    if (!append(made, tensor(self, self->int64, walk->levels, kinds, (void **)&data))) goto failed;
    memcpy(data, walk->count, cells * sizeof(int64_t));
    if (!append(made, tensor(self, self->int64, count, -1, (void **)&data))) goto failed;
    for (Py_ssize_t k = 0; k < count; k++) {
        const Record *record = walk->record + roots[k];
        data[k] = start[record->level * kinds + record->kind] + record->at;
    }
    for (Py_ssize_t k = 0; k < kinds; k++) {
        for (Py_ssize_t r = 0; r < self->kind[k].rows; r++)
            if (!append(made, column(self, walk, before, k, r, total[k]))) goto failed;
        for (Py_ssize_t c = 0; c < self->kind[k].children; c++) {
            if (!append(made, tensor(self, self->int64, total[k], -1, (void **)&data))) goto failed;
            for (int64_t i = 0; i < walk->records; i++) {
                const Record *record = walk->record + i;
                if (record->kind != k) continue;
                const Record *child = walk->record + walk->child[record->first + c];
                data[row_of(walk, before, kinds, record)] = start[child->level * kinds + child->kind] + child->at;
            }
        }
    }
    free(before);
    PyObject *found = PyList_AsTuple(made);
    Py_DECREF(made);
    return found;
failed:
    free(before);
    Py_XDECREF(made);
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return NULL;
}

static void released(Walk *walk) {
    for (int64_t i = 0; i < walk->records; i++) Py_DECREF(walk->record[i].node);
    for (int64_t i = 0; i < walk->rows; i++) Py_DECREF(walk->held[i]);
    free(walk->record);
    free(walk->table);
    free(walk->child);
    free(walk->count);
    free(walk->held);
}

/* walker(nodes): the operands of a fold whose roots these nodes are; None if one is of no known kind. */
static PyObject *walker_call(PyObject *object, PyObject *const *args, size_t flags, PyObject *names) {
    Walker *self = (Walker *)object;
    if (PyVectorcall_NARGS(flags) != 1 || names || !PyList_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "a list of nodes is to be walked");
        return NULL;
    }
    Walk walk = {0};
    Py_ssize_t count = PyList_GET_SIZE(args[0]);
    PyObject *nodes = PyList_AsTuple(args[0]), *made = NULL;
    int64_t *roots = malloc((count + 1) * sizeof(int64_t)), number = 0;
    if (!roots) PyErr_NoMemory();
    for (Py_ssize_t k = 0; nodes && roots && k < count && number >= 0; k++)
        roots[k] = number = visit(self, &walk, PyTuple_GET_ITEM(nodes, k), 0);
    if (nodes && roots && number >= 0) made = operands(self, &walk, roots, count);
    if (number == -2 || (!made && PyErr_ExceptionMatches(PyExc_StopIteration))) {
        PyErr_Clear();
        made = Py_NewRef(Py_None);
    }
    Py_XDECREF(nodes);
    free(roots);
    released(&walk);
    return made;
}

static Py_ssize_t *numbers(PyObject *tuple) {
    Py_ssize_t count = PyTuple_GET_SIZE(tuple), *made = calloc(count + 1, sizeof(Py_ssize_t));
    for (Py_ssize_t k = 0; made && k < count; k++) made[k] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, k));
    return made;
}

static bool read_kind(Kind *kind, PyObject *given) {
    PyObject *steps, *children, *rows, *kinds;
    if (!PyArg_ParseTuple(given, "nO!O!O!O!O!", &kind->places, &PyTuple_Type, &steps, &PyTuple_Type, &children,
                          &PyTuple_Type, &rows, &PyTuple_Type, &kinds, &PyTuple_Type, &kind->none))
        return false;
    kind->children = PyTuple_GET_SIZE(children);
    kind->rows = PyTuple_GET_SIZE(rows);
    kind->child = numbers(children);
    kind->row = numbers(rows);
    kind->number = calloc(kind->rows + 1, sizeof(int));
    kind->step = calloc(PyTuple_GET_SIZE(steps) + 1, sizeof(Step));
    if (!kind->child || !kind->row || !kind->number || !kind->step) return PyErr_NoMemory(), false;
    for (Py_ssize_t r = 0; r < kind->rows; r++) kind->number[r] = (int)PyLong_AsLong(PyTuple_GET_ITEM(kinds, r));
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(steps); k++) {
        Step *step = kind->step + k;
        PyObject *item = PyTuple_GET_ITEM(steps, k);
        if (!PyArg_ParseTuple(item, "innO", &step->op, &step->place, &step->other, &step->value)) return false;
        kind->steps++;
    }
    return !PyErr_Occurred();
}

static void walker_dealloc(Walker *self) {
    for (Py_ssize_t k = 0; k < self->kinds; k++) {
        Kind *kind = self->kind + k;
        free(kind->step), free(kind->child), free(kind->row), free(kind->number);
    }
    free(self->kind);
    Py_XDECREF(self->parts);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* Walker(kinds, empty, data_ptr, stack, int64, float64, bool) */
static PyObject *walker_new(PyTypeObject *type, PyObject *args, PyObject *names) {
    Walker *self = (Walker *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    PyObject *kinds;
    self->call = walker_call;
    self->parts = Py_NewRef(args);
    if (PyArg_ParseTuple(args, "O!OOOOOO", &PyTuple_Type, &kinds, &self->empty, &self->data_ptr, &self->stack,
                         &self->int64, &self->float64, &self->truth)) {
        self->kind = calloc(PyTuple_GET_SIZE(kinds) + 1, sizeof(Kind));
        if (!self->kind) PyErr_NoMemory();
        for (Py_ssize_t k = 0; self->kind && k < PyTuple_GET_SIZE(kinds); k++) {
            self->kinds++;
            if (!read_kind(self->kind + k, PyTuple_GET_ITEM(kinds, k))) break;
        }
    }
    if (PyErr_Occurred()) Py_CLEAR(self);
    return (PyObject *)self;
}

static PyTypeObject walker_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "diptych_walk.Walker",
    .tp_basicsize = sizeof(Walker),
    .tp_doc = "What reads the operands of a fold from its roots.",
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = walker_new,
    .tp_dealloc = (destructor)walker_dealloc,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Walker, call),
};

static struct PyModuleDef walking = {PyModuleDef_HEAD_INIT, .m_name = "diptych_walk", .m_size = -1};

PyMODINIT_FUNC PyInit_diptych_walk(void) {
    PyObject *module = PyModule_Create(&walking);
    if (module && PyModule_AddType(module, &walker_type)) Py_CLEAR(module);
    return module;
}
