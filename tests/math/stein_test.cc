// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/math/stein.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "tests/math/test_random.h"

namespace propnp::test {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Positions of the pivot and rotations, with the directions X_d along which they move.
struct SixDofPlace {
  using Dof = SixDof<double>;
  static constexpr int kDof = 6;
  Vec3<double> shift{0, 0, 0};
  Quaternion<double> q{1, 0, 0, 0};

  SixDofPlace Moved(const double* step) const {
    const Quaternion<double> turn =
        normalized(Quaternion<double>{1, step[3] / 2, step[4] / 2, step[5] / 2});
    return {shift + Vec3<double>{step[0], step[1], step[2]}, turn * q};
  }
  SmoothTurn3<double> TurnFrom(const SixDofPlace& mode) const {
    return SmoothTurn3<double>(q * conjugate(mode.q));
  }
  Vec3<double> Rotated(const Vec3<double>& x) const { return rotation_matrix(q) * x; }
  static void Torque(const Vec3<double>& torque, double* gradient) {
    gradient[3] = torque.x, gradient[4] = torque.y, gradient[5] = torque.z;
  }
};

struct FourDofPlace {
  using Dof = FourDof<double>;
  static constexpr int kDof = 4;
  Vec3<double> shift{0, 0, 0};
  double yaw = 0;  // about z

  FourDofPlace Moved(const double* step) const {
    return {shift + Vec3<double>{step[0], step[1], step[2]}, yaw + step[3]};
  }
  SmoothTurn1<double> TurnFrom(const FourDofPlace& mode) const {
    return SmoothTurn1<double>(yaw - mode.yaw);
  }
  Vec3<double> Rotated(const Vec3<double>& x) const {
    const double c = std::cos(yaw), s = std::sin(yaw);
    return {c * x.x - s * x.y, s * x.x + c * x.y, x.z};
  }
  static void Torque(const Vec3<double>& torque, double* gradient) { gradient[3] = torque.z; }
};

// Some smooth cost in which shift and rotation depend on each other, and its derivative.
template <typename Place>
struct Cost {
  Vec3<double> body{0.8, -0.5, 0.3}, seen{0.6, 0.7, -0.2};
  double coupling = 0.4;

  double Value(const Place& p) const {
    const double along = dot(p.Rotated(body), seen);
    return 0.5 * dot(p.shift, p.shift) + (coupling * p.shift.x - 1) * along;
  }
  void Gradient(const Place& p, double* gradient) const {
    const Vec3<double> arm = p.Rotated(body);
    const double along = dot(arm, seen);
    gradient[0] = p.shift.x + coupling * along, gradient[1] = p.shift.y, gradient[2] = p.shift.z;
    Place::Torque((coupling * p.shift.x - 1) * cross(arm, seen), gradient);
  }
};

template <typename Place>
std::vector<double> Covariance(TestRandom* random, double variance) {
  constexpr int kDof = Place::kDof;
  std::vector<double> covariance(kDof * kDof);
  double a[kDof][kDof];
  for (auto& row : a) {
    for (double& value : row) value = random->Uniform(-0.3, 0.3);
  }
  for (int i = 0; i < kDof; ++i) {
    for (int j = 0; j < kDof; ++j) {
      for (int k = 0; k < kDof; ++k) covariance[i * kDof + j] += variance * a[i][k] * a[j][k];
    }
    covariance[i * (kDof + 1)] += variance;
  }
  return covariance;
}

template <typename Place>
class SteinTest : public ::testing::Test {
 protected:
  static constexpr int kDof = Place::kDof;
  using Coordinates = SteinCoordinates<typename Place::Dof>;

  Place RandomPlace(TestRandom* random) const {
    double step[6];
    for (double& s : step) s = random->Uniform(-1, 1);
    return Place{}.Moved(step);
  }
};

using Places = ::testing::Types<SixDofPlace, FourDofPlace>;
TYPED_TEST_SUITE(SteinTest, Places);

// Central differences with a step of 1e-5 are good to 1e-10, rounding and third derivatives alike.
TYPED_TEST(SteinTest, SlopesAreDerivatives) {
  constexpr int kDof = TypeParam::kDof;
  constexpr double kStep = 1e-5, kTolerance = 1e-8;
  TestRandom random;
  const TypeParam mode = this->RandomPlace(&random), place = this->RandomPlace(&random);
  const std::vector<double> covariance = Covariance<TypeParam>(&random, 0.3);
  typename TestFixture::Coordinates coordinates;
  ASSERT_TRUE(coordinates.set(covariance.data()));
  Cholesky<kDof, double> lower;
  ASSERT_TRUE(lower.factorize(covariance.data()));
  const auto see = [&](const TypeParam& p) {
    SteinSample<kDof, double> sample;
    coordinates.evaluate(p.shift - mode.shift, p.TurnFrom(mode), &sample);
    return sample;
  };
  const SteinSample<kDof, double> sample = see(place);
  for (int d = 0; d < kDof; ++d) {
    double step[kDof] = {}, forward[kDof], backward[kDof];
    step[d] = kStep;
    const double there = see(place.Moved(step)).distance;
    lower.multiply_lower(step, forward);
    for (int i = 0; i < kDof; ++i) backward[i] = -forward[i];
    step[d] = -kStep;
    const double back = see(place.Moved(step)).distance;
    EXPECT_NEAR(sample.distance_slope[d], (there - back) / (4 * kStep), kTolerance);
    const auto after = see(place.Moved(forward)), before = see(place.Moved(backward));
    for (int a = 0; a < kDof; ++a) {
      EXPECT_NEAR(sample.slope[a][d], (after.y[a] - before.y[a]) / (2 * kStep), kTolerance);
    }
  }
}

// Calls visit(place, volume element) on a product of rules: trapezoids over a Gaussian of unit
// width (exact to exp(-2 pi^2 / step^2)), circles (exact for what is band-limited), Gauss-Legendre
// for the cosine of the middle Euler angle.
template <typename Visit>
void ForEachShift(const Visit& visit) {
  constexpr int kHalf = 6;
  for (int i = -kHalf; i <= kHalf; ++i) {
    for (int j = -kHalf; j <= kHalf; ++j) {
      for (int k = -kHalf; k <= kHalf; ++k) visit(Vec3<double>{1.0 * i, 1.0 * j, 1.0 * k});
    }
  }
}

template <typename Visit>
void ForEachPlace(const FourDofPlace&, const Visit& visit) {
  constexpr int kAngles = 32;
  ForEachShift([&](const Vec3<double>& shift) {
    for (int i = 0; i < kAngles; ++i) visit(FourDofPlace{shift, 2 * kPi * i / kAngles}, 1.0);
  });
}

// Nodes and weights of Gauss-Legendre by Newton's method on P_n.
std::vector<std::array<double, 2>> GaussLegendre(int n) {
  std::vector<std::array<double, 2>> rule;
  for (int i = 0; i < n; ++i) {
    double x = std::cos(kPi * (i + 0.75) / (n + 0.5)), derivative = 1;
    for (int iteration = 0; iteration < 50; ++iteration) {
      double previous = 1, value = x;
      for (int k = 2; k <= n; ++k) {
        const double next = ((2 * k - 1) * x * value - (k - 1) * previous) / k;
        previous = value, value = next;
      }
      derivative = n * (x * value - previous) / (x * x - 1);
      x -= value / derivative;
    }
    rule.push_back({x, 2 / ((1 - x * x) * derivative * derivative)});
  }
  return rule;
}

template <typename Visit>
void ForEachPlace(const SixDofPlace&, const Visit& visit) {
  constexpr int kAngles = 12;
  const auto about_z = [](double angle) {
    return Quaternion<double>{std::cos(angle / 2), 0, 0, std::sin(angle / 2)};
  };
  for (const auto& [cosine, weight] : GaussLegendre(8)) {
    const double half = std::acos(cosine) / 2;
    const Quaternion<double> middle{std::cos(half), 0, std::sin(half), 0};
    for (int i = 0; i < kAngles; ++i) {
      for (int k = 0; k < kAngles; ++k) {
        const Quaternion<double> q =
            about_z(2 * kPi * i / kAngles) * middle * about_z(2 * kPi * k / kAngles);
        const double element = weight;
        ForEachShift([&](const Vec3<double>& shift) { visit(SixDofPlace{shift, q}, element); });
      }
    }
  }
}

// The identity itself, with two modes that share the poses, over all shifts and all rotations:
// coordinates with a cut, or that run away, like the vector part of the quaternion or the gnomonic
// chart, leave a tenth of the fields' size, as does a slope that is wrong by as much. The rules
// are exact to 1e-6 for rotations with this little bandwidth.
TYPED_TEST(SteinTest, FieldsHaveNoMean) {
  constexpr int kDof = TypeParam::kDof, kModes = 2;
  const int degree = kDof == 4 ? 3 : 2;
  TestRandom random;
  TypeParam modes[kModes];
  typename TestFixture::Coordinates coordinates[kModes];
  for (int m = 0; m < kModes; ++m) {
    modes[m] = this->RandomPlace(&random);
    ASSERT_TRUE(coordinates[m].set(Covariance<TypeParam>(&random, 1.5).data()));
  }
  const Cost<TypeParam> cost;
  const int fields = num_stein_fields(kDof, degree);
  std::vector<double> sum(kModes * fields), size(kModes * fields), row(fields);
  ForEachPlace(TypeParam{}, [&](const TypeParam& place, double element) {
    double gradient[kDof];
    cost.Gradient(place, gradient);
    const double density = element * std::exp(-cost.Value(place));
    SteinSample<kDof, double> seen[kModes];
    double share[kModes];
    for (int m = 0; m < kModes; ++m) {
      coordinates[m].evaluate(place.shift - modes[m].shift, place.TurnFrom(modes[m]), &seen[m]);
      share[m] = std::exp(-0.5 * seen[m].distance);
    }
    const double total = share[0] + share[1];
    for (int m = 0; m < kModes; ++m) {
      const double r = share[m] / total;
      double pull[kDof];
      for (int d = 0; d < kDof; ++d) {
        const double mean_slope =
            (share[0] * seen[0].distance_slope[d] + share[1] * seen[1].distance_slope[d]) / total;
        pull[d] = r * (mean_slope - seen[m].distance_slope[d] - gradient[d]);
      }
      coordinates[m].whiten_gradient(pull, pull);
      int count = 0;
      stein_fields(seen[m], r, pull, degree, [&](double value) { row[count++] = density * value; });
      ASSERT_EQ(count, fields);
      for (int i = 0; i < fields; ++i) {
        sum[m * fields + i] += row[i];
        size[m * fields + i] += std::fabs(row[i]);
      }
    }
  });
  for (size_t i = 0; i < sum.size(); ++i) {
    EXPECT_GT(size[i], 0);
    EXPECT_LT(std::fabs(sum[i]), 1e-5 * size[i]) << "field " << i;
  }
}

TEST(Stein, RefusesACovarianceThatIsNone) {
  std::vector<double> covariance(36);
  SteinCoordinates<SixDof<double>> coordinates;
  EXPECT_FALSE(coordinates.set(covariance.data()));
  covariance[0] = std::nan("");
  EXPECT_FALSE(coordinates.set(covariance.data()));
}

}  // namespace
}  // namespace propnp::test
