// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From the bytes of a fuzzer: choices, and tensors and structs in memory of exactly their size, so
// that AddressSanitizer sees every step beyond. Most are as an operation wants them; the bytes say
// which are not.
#ifndef PROPNP_TESTS_C_API_FUZZ_TENSORS_H_
#define PROPNP_TESTS_C_API_FUZZ_TENSORS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <memory>
#include <vector>

#include "propnp/c_api/propnp.h"

namespace propnp::fuzz {

// Zeros when the bytes have ended: the tamest choice of each kind comes first.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}

  uint8_t Byte() { return data_ == end_ ? 0 : *data_++; }
  uint64_t Word() {
    uint64_t word = 0;
    for (int i = 0; i < 8; ++i) word = word << 8 | Byte();
    return word;
  }
  int Below(int count) { return Byte() % count; }
  // True for few bytes.
  bool Rarely() { return Byte() >= 250; }
  template <typename T>
  T Of(std::initializer_list<T> values) {
    return values.begin()[Below(static_cast<int>(values.size()))];
  }

 private:
  const uint8_t* data_;
  const uint8_t* end_;
};

// Numbers that follow from a seed: files of a few bytes still fill every tensor.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed) {}
  uint64_t Word() {  // splitmix64 (G. Steele, D. Lea, C. Flood, 2014)
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double Uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(Word() >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

// What a tensor's elements are drawn from: uniform numbers, or integers from low to high.
struct Content {
  double low = -1, high = 1;
  bool offsets = false;  // 0, then ever larger, up to `high` at the end
};

class Memory {
 public:
  explicit Memory(Choices* choices) : choices_(*choices), numbers_(choices->Word()) {}

  // A tensor of floats, or of `dtype`, with this shape, or one that is wrong in some way.
  propnp_tensor Tensor(std::initializer_list<int64_t> shape, Content content = {},
                       int32_t dtype = 0) {
    propnp_tensor t = {};
    for (const int64_t extent : shape) t.shape[t.ndim++] = extent;
    t.dtype = dtype ? dtype : choices_.Of<int32_t>({PROPNP_FLOAT64, PROPNP_FLOAT32});
    if (choices_.Rarely()) SpoilShape(&t);
    ChooseStrides(&t);
    Place(&t, content);
    return t;
  }

  // The same, to be written to; now and then not given.
  propnp_tensor Output(std::initializer_list<int64_t> shape, int32_t dtype = 0) {
    if (choices_.Below(4) == 1) return {};
    const propnp_tensor t = Tensor(shape, {0, 0}, dtype);
    if (fits_) outputs_.push_back(t);
    return t;
  }

  // A copy of a struct in memory of its struct_size, which may be that of another version.
  template <typename Struct>
  const Struct* Copy(Struct s, uint64_t first_size) {
    const uint64_t full = sizeof(Struct);
    const uint64_t size =
        choices_.Rarely()
            ? choices_.Of<uint64_t>({first_size, full + 24, full + 8, 0, 8, first_size - 1, 65536,
                                     65537, 1ull << 40, ~0ull, choices_.Word()})
            : full;
    const bool unknown = size > 65536;
    const size_t bytes = unknown ? full : size < 8 ? 8 : size;
    const size_t shift = choices_.Rarely() ? 1 + choices_.Below(7) : 0;
    char* const memory = Allocate(bytes + shift) + shift;
    s.struct_size = size;
    std::memcpy(memory, &s, bytes < full ? bytes : full);
    if (bytes > full && choices_.Below(2)) memory[bytes - 1 - choices_.Below(8)] = 1;
    return reinterpret_cast<const Struct*>(memory);
  }

  const uint64_t* SeedPointer() {
    if (choices_.Below(4) != 1) return nullptr;
    return reinterpret_cast<const uint64_t*>(Allocate(16) + (choices_.Rarely() ? 3 : 0));
  }

  // Aligned to 64 bytes, of exactly this size.
  void* Workspace(uint64_t bytes) {
    char* const memory = Allocate(bytes + 64);
    const auto at = reinterpret_cast<uintptr_t>(memory);
    return memory + (64 - at % 64) % 64;
  }

  // The number of the first output to which something that is not a number was written, or -1.
  int OutputWithNaN() const {
    const auto found = std::find_if(outputs_.begin(), outputs_.end(), HasNaN);
    return found == outputs_.end() ? -1 : static_cast<int>(found - outputs_.begin());
  }
  const propnp_tensor& output(int number) const { return outputs_[number]; }

 private:
  char* Allocate(size_t bytes) {
    blocks_.emplace_back(new char[bytes]());
    return blocks_.back().get();
  }

  void SpoilShape(propnp_tensor* t) {
    const int axis = choices_.Below(4);
    switch (choices_.Below(6)) {
      case 0:
        t->shape[axis] += choices_.Of<int64_t>({1, -1});
        break;
      case 1:
        t->shape[axis] = choices_.Of<int64_t>({0, -1, INT64_MIN, INT64_MAX, 1ll << 60, 1ll << 32});
        break;
      case 2:
        t->ndim = choices_.Of<int32_t>({0, 1, 2, 3, 4, 5, -1, INT32_MAX, INT32_MIN});
        break;
      case 3:
        t->dtype = choices_.Below(8) - 1;
        break;
      case 4:
        t->dtype = choices_.Of<int32_t>({PROPNP_INT32, PROPNP_INT64, PROPNP_UINT64, INT32_MIN});
        break;
      default:
        missing_ = true;
    }
  }

  static int Dimensions(const propnp_tensor& t) { return t.ndim < 0 ? 0 : t.ndim > 4 ? 4 : t.ndim; }

  void ChooseStrides(propnp_tensor* t) {
    const int kind = choices_.Below(16);
    int64_t stride = kind == 1 ? 2 : 1;
    for (int i = Dimensions(*t) - 1; i >= 0; --i) {
      t->stride[i] = kind == 2 ? -stride : stride;
      if (t->shape[i] > 0 && t->shape[i] < 1024) stride *= t->shape[i];
    }
    if (kind == 3) t->stride[choices_.Below(4)] = 0;
    if (kind == 4 && choices_.Rarely()) {
      t->stride[choices_.Below(4)] = choices_.Of<int64_t>(
          {INT64_MIN, INT64_MAX, 1ll << 60, -(1ll << 60), 1ll << 58, 1ll << 62, 7, -7});
    }
  }

  // Lets the tensor's every element lie in a block of its own, or, where no block can hold it,
  // which the library has to find out, leaves it without.
  void Place(propnp_tensor* t, const Content& content) {
    constexpr double kMost = 1 << 14;
    fits_ = false;
    if (missing_) {
      missing_ = false;
      return;
    }
    double low = 0, high = 0, count = 1;
    for (int i = 0; i < Dimensions(*t); ++i) {
      const double steps = t->shape[i] > 1 ? static_cast<double>(t->shape[i]) - 1 : 0;
      const double reach = steps * static_cast<double>(t->stride[i]);
      (reach < 0 ? low : high) += reach;
      count *= t->shape[i] > 1 ? static_cast<double>(t->shape[i]) : 1;
    }
    const bool beyond_all_memory = high - low > 0x1p59;
    if (!beyond_all_memory && (high - low > kMost || count > kMost)) {
      for (int i = 0; i < 4; ++i) t->shape[i] = t->shape[i] > 3 ? 3 : t->shape[i], t->stride[i] = 0;
      low = high = 0;
    }
    fits_ = !beyond_all_memory;
    const int64_t elements = beyond_all_memory ? 1 : static_cast<int64_t>(high - low) + 1;
    const int64_t size = t->dtype == PROPNP_FLOAT32 || t->dtype == PROPNP_INT32 ? 4 : 8;
    const int64_t shift = choices_.Rarely() ? 1 + choices_.Below(static_cast<int>(size) - 1) : 0;
    fits_ = fits_ && shift == 0;
    char* const block = Allocate(static_cast<size_t>(elements * size + shift)) + shift;
    for (int64_t i = 0; i < elements; ++i) Fill(t->dtype, block + i * size, i, elements, content);
    t->data = block - (beyond_all_memory ? 0 : static_cast<int64_t>(low)) * size;
  }

  void Fill(int32_t dtype, char* at, int64_t index, int64_t count, const Content& content) {
    double value = numbers_.Uniform(content.low, content.high);
    if (content.offsets) {
      value = index == 0
                  ? 0
                  : content.high * static_cast<double>(index) / static_cast<double>(count - 1);
    }
    if (dtype == PROPNP_FLOAT32 || dtype == PROPNP_FLOAT64) {
      if (content.low < content.high && numbers_.Word() % 256 == 0 && strange_) value = Strange();
      const auto narrow = static_cast<float>(value);
      dtype == PROPNP_FLOAT32 ? std::memcpy(at, &narrow, 4) : std::memcpy(at, &value, 8);
      return;
    }
    const bool wrong = strange_ && numbers_.Word() % 256 == 0 && content.low < content.high;
    const int64_t integer = wrong ? static_cast<int64_t>(numbers_.Word()) >> numbers_.Word() % 64
                                  : static_cast<int64_t>(value + (value < 0 ? -0.5 : 0.5));
    const auto narrow = static_cast<int32_t>(integer);
    dtype == PROPNP_INT32 ? std::memcpy(at, &narrow, 4) : std::memcpy(at, &integer, 8);
  }

  double Strange() {
    constexpr double kValues[] = {std::numeric_limits<double>::quiet_NaN(),
                                  std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity(),
                                  0.0,
                                  -0.0,
                                  1e-310,
                                  1e-30,
                                  1e-8,
                                  1e8,
                                  3e38,
                                  -3e38,
                                  1e300,
                                  -1e300,
                                  1e-300,
                                  -1.0};
    return kValues[numbers_.Word() % (sizeof kValues / sizeof *kValues)];
  }

  static bool HasNaN(const propnp_tensor& t) {
    if (t.dtype != PROPNP_FLOAT32 && t.dtype != PROPNP_FLOAT64) return false;
    int64_t count = 1;
    for (int i = 0; i < Dimensions(t); ++i) count *= t.shape[i] > 0 ? t.shape[i] : 0;
    for (int64_t k = 0; k < count; ++k) {
      int64_t element = 0, rest = k;
      for (int i = Dimensions(t) - 1; i >= 0; --i) {
        element += rest % t.shape[i] * t.stride[i];
        rest /= t.shape[i];
      }
      const double value = t.dtype == PROPNP_FLOAT32
                               ? static_cast<double>(static_cast<const float*>(t.data)[element])
                               : static_cast<const double*>(t.data)[element];
      if (value != value) return true;
    }
    return false;
  }

  Choices& choices_;
  Numbers numbers_;
  bool strange_ = choices_.Below(2) == 1;
  bool missing_ = false;  // the next tensor
  bool fits_ = false;     // the last tensor, in its memory
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<propnp_tensor> outputs_;
};

}  // namespace propnp::fuzz

#endif  // PROPNP_TESTS_C_API_FUZZ_TENSORS_H_
