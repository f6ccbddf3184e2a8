// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A batch and the args of every verb, as the bytes of a fuzzer choose them: most as they should be.
#ifndef PROPNP_TESTS_C_API_FUZZ_CASE_H_
#define PROPNP_TESTS_C_API_FUZZ_CASE_H_

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "propnp/c_api/first_sizes.h"
#include "tests/c_api/fuzz_tensors.h"

namespace propnp::fuzz {

using c_api::kFirstSize;

inline void Require(bool condition, const char* what, const char* detail) {
  if (condition) return;
  std::fprintf(stderr, "violated: %s (%s)\n", what, detail);
  std::abort();
}

// What one input makes of a batch and of everything that an operation may ask for.
class Case {
 public:
  Case(const uint8_t* data, size_t size) : choices_(data, size), memory_(&choices_) {}

  Choices& choices() { return choices_; }
  Memory& memory() { return memory_; }

  // Args with all inputs and outputs of the verb.
  template <typename Args>
  Args MakeArgs(int32_t (*init)(Args*, uint64_t)) {
    Args args = Initialised(init);
    Fill(&args);
    if (choices_.Rarely()) args.device = Flag();
    SetPrecision(&args, 0);
    if (choices_.Below(8) == 1) args.stream = &args;  // which means nothing to the CPU
    return args;
  }

 private:
  template <typename Struct>
  Struct Initialised(int32_t (*init)(Struct*, uint64_t)) {
    Struct s;
    Require(init(&s, sizeof s) == PROPNP_OK, "init", propnp_last_error(nullptr));
    return s;
  }

  template <typename Args>
  auto SetPrecision(Args* args, int) -> decltype(void(args->precision)) {
    args->precision = Option({PROPNP_FLOAT64, PROPNP_FLOAT32, PROPNP_INT32});
  }
  template <typename Args>
  void SetPrecision(Args*, long) {}

  int32_t Flag() { return choices_.Of<int32_t>({0, 1, -1, INT32_MAX}); }
  int32_t Option(std::initializer_list<int32_t> good) {
    if (!choices_.Rarely()) return choices_.Of(good);
    return choices_.Of<int32_t>({-1, INT32_MAX, INT32_MIN, 99});
  }
  double Real(std::initializer_list<double> good) {
    if (!choices_.Rarely()) return choices_.Of(good);
    return choices_.Of<double>({0, -1, 1e-300, 1e300, INFINITY, -INFINITY, NAN});
  }
  uint64_t Seed() { return choices_.Byte(); }

  // (V, N, extra) or (P, extra).
  propnp_tensor Points(int64_t extra, Content content) {
    return dense_ ? memory_.Tensor({views_, points_, extra}, content)
                  : memory_.Tensor({points_, extra}, content);
  }
  propnp_tensor PointOutput(int64_t extra) {
    return dense_ ? memory_.Output({views_, points_, extra}) : memory_.Output({points_, extra});
  }
  propnp_tensor MatrixOutput(int64_t rows, int64_t columns) {
    return dense_ ? memory_.Output({views_, points_, rows, columns})
                  : memory_.Output({points_, rows, columns});
  }
  propnp_tensor Poses() { return memory_.Tensor({objects_, pose_size_}, {0.2, 3}); }
  propnp_tensor Scalars() { return memory_.Output({objects_}); }
  propnp_tensor Integers() { return memory_.Output({objects_}, PROPNP_INT32); }
  propnp_tensor Matrices(int64_t size) { return memory_.Output({objects_, size, size}); }

  const propnp_correspondences* Correspondences();
  const propnp_cameras* Cameras();
  const propnp_prior* Prior();
  const propnp_cost_options* Cost();
  const propnp_solve_options* SolveOptions();
  const propnp_sample_options* SampleOptions();
  const propnp_symmetries* Symmetries();
  const propnp_gradients* Gradients();

  template <typename Args>
  void FillProblem(Args* args) {
    args->correspondences = choices_.Rarely() ? nullptr : Correspondences();
    args->cameras = choices_.Rarely() ? nullptr : Cameras();
    args->cost = choices_.Rarely() ? nullptr : Cost();
  }

  void Fill(propnp_evaluate_args* args);
  void Fill(propnp_solve_args* args);
  void Fill(propnp_sample_args* args);
  void Fill(propnp_sample_expectation_args* args);
  void Fill(propnp_sample_backward_args* args);
  void Fill(propnp_pose_plus_args* args);
  void Fill(propnp_pose_plus_backward_args* args);
  void Fill(propnp_implicit_gradient_args* args);
  void Fill(propnp_draw_args* args);
  void Fill(propnp_convert_covariance_args* args);
  void Fill(propnp_move_pose_args* args);
  void Fill(propnp_pose_difference_args* args);
  void Fill(propnp_convert_step_args* args);

  Choices choices_;
  Memory memory_;
  int64_t objects_ = choices_.Below(4);
  int64_t dof_ = choices_.Of<int64_t>({6, 4});
  int64_t pose_size_ = dof_ == 6 ? 7 : 4;
  bool rigs_ = choices_.Below(4) == 1;
  int64_t views_ = rigs_ ? objects_ + choices_.Below(3) : objects_;
  bool dense_ = choices_.Below(2) == 0;
  int64_t points_ = choices_.Of<int64_t>({8, 5, 17, 3, 2, 1, 0, 40}) * (dense_ ? 1 : views_);
  bool information_ = choices_.Below(4) == 1;
  int64_t samples_ = choices_.Of<int64_t>({32, 36, 64, 33, 1, 7});
};

}  // namespace propnp::fuzz

#endif  // PROPNP_TESTS_C_API_FUZZ_CASE_H_
