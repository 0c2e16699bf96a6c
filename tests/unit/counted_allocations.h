// Counts what is allocated by operator new. It replaces that of the program: include it in one
// source file of a test only. Under the sanitizers, which bring their own, nothing is counted and
// CULPRIT_COUNTS_ALLOCATIONS is not defined.
#pragma once
#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<size_t> allocations = 0;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CULPRIT_COUNTS_ALLOCATIONS 1
__attribute__((noinline)) void* operator new(size_t size) {
  ++allocations;
  if (void* out = std::malloc(size == 0 ? 1 : size)) return out;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif
