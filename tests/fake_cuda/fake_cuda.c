// A CUDA driver without a GPU, for tests of the host side: device memory is host memory, work is done
// at once, and a kernel launch does nothing but write a line to the file that FAKE_CUDA_LOG names.
// PTX is checked as far as text goes: it must have a version and a target, and contain the kernels
// that are asked for. Errors can be provoked: FAKE_CUDA_DEVICES=0 is a driver without a device.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_PTX = 218,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_SUPPORTED = 801,
} CUresult;

// Values of CUdevice_attribute that IREE asks for and that are not 1 here.
enum {
  ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
  ATTRIBUTE_MAX_BLOCK_DIM_X = 2,
  ATTRIBUTE_MAX_GRID_DIM_Z = 7,
  ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK = 8,
  ATTRIBUTE_WARP_SIZE = 10,
  ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,
  ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
  ATTRIBUTE_MEMORY_POOLS_SUPPORTED = 115,
};

typedef struct {
  char *ptx;
} Module;

typedef struct {
  char *name;
} Function;

// The head of CUDA_KERNEL_NODE_PARAMS.
typedef struct {
  Function *function;
  unsigned grid[3];
  unsigned block[3];
} KernelNode;

typedef void (*HostFunction)(void *);

typedef struct {
  HostFunction function;
  void *argument;
} HostCall;

static void write_log(const char *format, ...) {
  const char *path = getenv("FAKE_CUDA_LOG");
  FILE *file = path ? fopen(path, "a") : NULL;
  if (!file) return;
  va_list arguments;
  va_start(arguments, format);
  vfprintf(file, format, arguments);
  va_end(arguments);
  fputc('\n', file);
  fclose(file);
}

// Handles are opaque: a small block of memory tells them apart.
static CUresult new_handle(void **handle) {
  *handle = calloc(1, 16);
  return *handle ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult free_handle(void *handle) {
  free(handle);
  return CUDA_SUCCESS;
}

static CUresult allocate(void **memory, size_t size) {
  size_t rounded = (size + 255) / 256 * 256 + 256;
  *memory = aligned_alloc(256, rounded);
  if (!*memory) return CUDA_ERROR_OUT_OF_MEMORY;
  memset(*memory, 0, rounded);
  return CUDA_SUCCESS;
}

// --- The driver and its devices ---

static int device_count(void) {
  const char *count = getenv("FAKE_CUDA_DEVICES");
  return count ? atoi(count) : 1;
}

CUresult cuInit(unsigned flags) { return device_count() ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE; }

CUresult cuDriverGetVersion(int *version) {
  *version = 12040;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char **name) {
  *name = error == CUDA_ERROR_NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_FAKE";
  return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  *text = error == CUDA_ERROR_NO_DEVICE ? "no CUDA-capable device is detected" : "a fake error";
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
  *count = device_count();
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(int *device, int index) {
  *device = index;
  return index < device_count() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetName(char *name, int size, int device) {
  snprintf(name, size, "Fake CUDA device %d", device);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid(char *uuid, int device) {
  memset(uuid, device + 1, 16);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
    case ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    case ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    case ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
      *value = 232448;
      break;
    case ATTRIBUTE_WARP_SIZE:
      *value = 32;
      break;
    case ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = 132;
      break;
    case ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = 9;
      break;
    case ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    case ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
      *value = 0;
      break;
    default:
      *value = attribute <= ATTRIBUTE_MAX_GRID_DIM_Z ? 1024 : 1;
  }
  return CUDA_SUCCESS;
}

// --- Contexts, streams and events: all work is done at once, so there is nothing to wait for ---

static char the_context;

CUresult cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = &the_context;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease(int device) { return CUDA_SUCCESS; }
CUresult cuCtxCreate(void **context, unsigned flags, int device) {
  return cuDevicePrimaryCtxRetain(context, device);
}
CUresult cuCtxDestroy(void *context) { return CUDA_SUCCESS; }
CUresult cuCtxSetCurrent(void *context) { return CUDA_SUCCESS; }
CUresult cuCtxPushCurrent(void *context) { return CUDA_SUCCESS; }
CUresult cuCtxPopCurrent(void **context) {
  if (context) *context = &the_context;
  return CUDA_SUCCESS;
}

CUresult cuStreamCreate(void **stream, unsigned flags) { return new_handle(stream); }
CUresult cuStreamDestroy(void *stream) { return free_handle(stream); }
CUresult cuStreamSynchronize(void *stream) { return CUDA_SUCCESS; }
CUresult cuStreamWaitEvent(void *stream, void *event, unsigned flags) { return CUDA_SUCCESS; }

CUresult cuEventCreate(void **event, unsigned flags) { return new_handle(event); }
CUresult cuEventDestroy(void *event) { return free_handle(event); }
CUresult cuEventRecord(void *event, void *stream) { return CUDA_SUCCESS; }
CUresult cuEventQuery(void *event) { return CUDA_SUCCESS; }
CUresult cuEventSynchronize(void *event) { return CUDA_SUCCESS; }
CUresult cuEventElapsedTime(float *milliseconds, void *start, void *end) {
  *milliseconds = 0;
  return CUDA_SUCCESS;
}

static void *run_host_call(void *argument) {
  HostCall call = *(HostCall *)argument;
  free(argument);
  call.function(call.argument);
  return NULL;
}

// CUDA calls back from a thread of its own; the caller may hold locks that the function takes.
CUresult cuLaunchHostFunc(void *stream, HostFunction function, void *argument) {
  HostCall *call = malloc(sizeof(HostCall));
  pthread_t thread;
  *call = (HostCall){function, argument};
  if (pthread_create(&thread, NULL, run_host_call, call)) return CUDA_ERROR_OUT_OF_MEMORY;
  pthread_detach(thread);
  return CUDA_SUCCESS;
}

// --- Memory ---

CUresult cuMemAlloc(void **memory, size_t size) { return allocate(memory, size); }
CUresult cuMemAllocManaged(void **memory, size_t size, unsigned flags) {
  return allocate(memory, size);
}
CUresult cuMemHostAlloc(void **memory, size_t size, unsigned flags) {
  return allocate(memory, size);
}
CUresult cuMemAllocFromPoolAsync(void **memory, size_t size, void *pool, void *stream) {
  return allocate(memory, size);
}
CUresult cuMemFree(void *memory) { return free_handle(memory); }
CUresult cuMemFreeHost(void *memory) { return free_handle(memory); }
CUresult cuMemFreeAsync(void *memory, void *stream) { return free_handle(memory); }

CUresult cuMemHostGetDevicePointer(void **device, void *host, unsigned flags) {
  *device = host;
  return CUDA_SUCCESS;
}
CUresult cuMemHostRegister(void *host, size_t size, unsigned flags) { return CUDA_SUCCESS; }
CUresult cuMemHostUnregister(void *host) { return CUDA_SUCCESS; }
CUresult cuMemPrefetchAsync(void *memory, size_t size, int device, void *stream) {
  return CUDA_SUCCESS;
}

CUresult cuMemPoolCreate(void **pool, const void *properties) { return new_handle(pool); }
CUresult cuMemPoolDestroy(void *pool) { return free_handle(pool); }
CUresult cuMemPoolTrimTo(void *pool, size_t size) { return CUDA_SUCCESS; }
CUresult cuMemPoolSetAccess(void *pool, const void *access, size_t count) { return CUDA_SUCCESS; }
CUresult cuMemPoolSetAttribute(void *pool, int attribute, void *value) { return CUDA_SUCCESS; }
CUresult cuMemPoolGetAttribute(void *pool, int attribute, uint64_t *value) {
  *value = 0;
  return CUDA_SUCCESS;
}

CUresult cuMemcpyAsync(void *target, const void *source, size_t size, void *stream) {
  write_log("copy %zu", size);
  memmove(target, source, size);
  return CUDA_SUCCESS;
}

CUresult cuMemcpyHtoDAsync(void *target, const void *source, size_t size, void *stream) {
  return cuMemcpyAsync(target, source, size, stream);
}

CUresult cuMemsetD8Async(uint8_t *target, uint8_t value, size_t count, void *stream) {
  for (size_t index = 0; index < count; ++index) target[index] = value;
  return CUDA_SUCCESS;
}

CUresult cuMemsetD16Async(uint16_t *target, uint16_t value, size_t count, void *stream) {
  for (size_t index = 0; index < count; ++index) target[index] = value;
  return CUDA_SUCCESS;
}

CUresult cuMemsetD32Async(uint32_t *target, uint32_t value, size_t count, void *stream) {
  for (size_t index = 0; index < count; ++index) target[index] = value;
  return CUDA_SUCCESS;
}

// --- Kernels ---

CUresult cuModuleLoadDataEx(Module **module, const char *image, unsigned count, void *options,
                            void *values) {
  const char *version = strstr(image, ".version "), *target = strstr(image, ".target ");
  if (!version || !target) return CUDA_ERROR_INVALID_PTX;
  write_log("load %.*s", (int)strcspn(target, "\n"), target);
  *module = malloc(sizeof(Module));
  (*module)->ptx = strdup(image);
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(Module *module) {
  free(module->ptx);
  return free_handle(module);
}

CUresult cuModuleGetFunction(Function **function, Module *module, const char *name) {
  char entry[1024];
  snprintf(entry, sizeof entry, ".entry %s(", name);
  if (!strstr(module->ptx, entry)) return CUDA_ERROR_NOT_FOUND;
  *function = malloc(sizeof(Function));
  (*function)->name = strdup(name);
  return CUDA_SUCCESS;
}

CUresult cuModuleGetGlobal(void **memory, size_t *size, Module *module, const char *name) {
  return CUDA_ERROR_NOT_FOUND;
}

CUresult cuFuncSetAttribute(Function *function, int attribute, int value) { return CUDA_SUCCESS; }

static void log_launch(const Function *function, const unsigned *grid, const unsigned *block) {
  write_log("launch %s grid %u,%u,%u block %u,%u,%u", function->name, grid[0], grid[1], grid[2],
            block[0], block[1], block[2]);
}

CUresult cuLaunchKernel(Function *function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                        unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                        void *stream, void **parameters, void **extra) {
  unsigned grid[] = {grid_x, grid_y, grid_z}, block[] = {block_x, block_y, block_z};
  log_launch(function, grid, block);
  return CUDA_SUCCESS;
}

// --- Graphs: nodes are logged when they are added ---

CUresult cuGraphCreate(void **graph, unsigned flags) { return new_handle(graph); }
CUresult cuGraphDestroy(void *graph) { return free_handle(graph); }
CUresult cuGraphInstantiate(void **executable, void *graph, unsigned long long flags) {
  return new_handle(executable);
}
CUresult cuGraphExecDestroy(void *executable) { return free_handle(executable); }
CUresult cuGraphLaunch(void *executable, void *stream) { return CUDA_SUCCESS; }

CUresult cuGraphGetNodes(void *graph, void **nodes, size_t *count) {
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuGraphAddEmptyNode(void **node, void *graph, void **needed, size_t count) {
  return new_handle(node);
}

CUresult cuGraphAddEventRecordNode(void **node, void *graph, void **needed, size_t count,
                                   void *event) {
  return new_handle(node);
}

CUresult cuGraphAddKernelNode(void **node, void *graph, void **needed, size_t count,
                              const KernelNode *kernel) {
  log_launch(kernel->function, kernel->grid, kernel->block);
  return new_handle(node);
}

CUresult cuGraphAddMemcpyNode(void **node, void *graph, void **needed, size_t count,
                              const void *parameters, void *context) {
  write_log("graph copy");
  return new_handle(node);
}

CUresult cuGraphAddMemsetNode(void **node, void *graph, void **needed, size_t count,
                              const void *parameters, void *context) {
  write_log("graph set");
  return new_handle(node);
}

// --- Looking functions up, as IREE does ---

static CUresult not_supported(void) { return CUDA_ERROR_NOT_SUPPORTED; }

CUresult cuGetProcAddress(const char *name, void **function, int version, uint64_t flags) {
  Dl_info self;
  dladdr((void *)&cuGetProcAddress, &self);
  void *library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  *function = library ? dlsym(library, name) : NULL;
  if (!*function) {
    write_log("missing %s", name);
    *function = (void *)&not_supported;
  }
  return CUDA_SUCCESS;
}
