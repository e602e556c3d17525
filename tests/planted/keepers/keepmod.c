/* A C extension of Python that forgets what it allocates; release() frees the last of it. */
#include <Python.h>
#include <stdlib.h>
#include <string.h>

static char *volatile last;

static PyObject *keep(PyObject *self, PyObject *size) {
    (void)self;
    size_t bytes = PyLong_AsSize_t(size);
    last = malloc(bytes);
    if (last) memset(last, 1, bytes);
    Py_RETURN_NONE;
}

static PyObject *release(PyObject *self, PyObject *unused) {
    (void)self, (void)unused;
    free(last);
    last = NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"keep", keep, METH_O, ""}, {"release", release, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "keepmod", 0, -1, methods, 0, 0, 0, 0};

PyMODINIT_FUNC PyInit_keepmod(void) { return PyModule_Create(&module); }
