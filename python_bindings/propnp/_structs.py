# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""The structs of propnp.h in ctypes. Their meaning stands in that header and in what it includes."""

from __future__ import annotations

import ctypes
import struct
from typing import Any, ClassVar, TypeVar

Self = TypeVar("Self", bound="SizedStruct")

# data, dtype, ndim, shape[4], stride[4]: the tuple that describes a tensor is packed straight into
# the struct that embeds it, which is much faster than through ctypes' own fields.
_TENSOR = struct.Struct("@Pii4q4q")


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("dtype", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("shape", ctypes.c_int64 * 4),
        ("stride", ctypes.c_int64 * 4),
    ]


_TYPES: dict[str, Any] = {
    "u64": ctypes.c_uint64,
    "i64": ctypes.c_int64,
    "i32": ctypes.c_int32,
    "f64": ctypes.c_double,
    "f64x3": ctypes.c_double * 3,
    "pointer": ctypes.c_void_p,
    "tensor": Tensor,
}


def _fields(text: str) -> list[tuple[str, Any]]:
    """From "type name name type name ..." in the order of the header."""
    fields = []
    kind = None
    for word in text.split():
        if word in _TYPES:
            kind = _TYPES[word]
        else:
            fields.append((word, kind))
    return fields


class SizedStruct(ctypes.Structure):
    """A struct that begins with its size and has defaults, which the library knows."""

    c_name: ClassVar[str]
    offset_of: ClassVar[dict[str, int]] = {}
    tensor_names: ClassVar[tuple[str, ...]] = ()
    # Filled in when the library is loaded.
    defaults: ClassVar[bytes] = b""

    @classmethod
    def new(cls: type[Self]) -> Self:
        """With the library's defaults."""
        return cls.from_buffer_copy(cls.defaults)

    def set_tensor(self, name: str, description: tuple[int, ...]) -> None:
        """`description`: data, dtype, ndim, four extents, four strides."""
        _TENSOR.pack_into(self, self.offset_of[name], *description)

    def set_pointer(self, name: str, target: ctypes.Structure) -> None:
        """The caller keeps `target` alive."""
        setattr(self, name, ctypes.addressof(target))


STRUCTS: dict[str, type[SizedStruct]] = {}


def _declare(c_name: str, text: str) -> type[SizedStruct]:
    python_name = "".join(word.capitalize() for word in c_name.split("_")[1:])
    fields = _fields("u64 struct_size " + text)
    members = {
        "_fields_": fields,
        "c_name": c_name,
        "tensor_names": tuple(name for name, kind in fields if kind is Tensor),
    }
    made: type[SizedStruct] = type(python_name, (SizedStruct,), members)
    made.offset_of = {name: getattr(made, name).offset for name, _ in fields}
    STRUCTS[c_name] = made
    return made


_PROBLEM = "pointer correspondences cameras cost "
_EXECUTION = "i32 device pointer stream workspace u64 workspace_size "

ContextOptions = _declare(
    "propnp_context_options",
    """
    i32 num_threads
    pointer log log_user_data
    i32 log_level
    pointer allocate deallocate allocator_user_data parallel_for parallel_for_user_data
    """,
)
Cameras = _declare("propnp_cameras", "tensor model parameters size_px box_px")
Correspondences = _declare(
    "propnp_correspondences",
    """
    i64 num_objects
    tensor x3d x2d w2d sqrt_info counts offsets view_offsets view_camera view_rig camera_from_rig
    tensor base_rotation object_ids
    u64 id_offset
    """,
)
Prior = _declare(
    "propnp_prior",
    """
    tensor mean sigma
    i32 kind
    tensor depth bound pose covariance
    """,
)
CostOptions = _declare(
    "propnp_cost_options",
    """
    i32 dof loss
    f64 delta relative_delta z_min
    f64x3 yaw_axis
    tensor object_delta
    pointer prior
    """,
)
SolveOptions = _declare(
    "propnp_solve_options",
    """
    i32 method max_iterations
    f64 tolerance
    i32 covariance scale_covariance num_starts start_points start_iterations num_refined
    u64 seed
    pointer seed_pointer
    f64 initial_radius max_radius min_diagonal max_diagonal min_relative_decrease epsilon
    """,
)
SampleOptions = _declare(
    "propnp_sample_options",
    """
    i32 method num_samples control_variates
    f64 second_stage_ess
    u64 seed
    pointer seed_pointer
    """,
)
Symmetries = _declare("propnp_symmetries", "tensor rotation offsets axis centre object_class")
Gradients = _declare(
    "propnp_gradients",
    """
    i32 hold_delta_fixed
    tensor x3d x2d w2d sqrt_info delta relative_delta camera_parameters prior_mean prior_sigma
    tensor prior_covariance
    """,
)
SolveArgs = _declare(
    "propnp_solve_args",
    _PROBLEM
    + "pointer options i32 precision "
    + _EXECUTION
    + """
    tensor pose_init pose_target pose cost_before cost_after covariance null_space variance_factor
    tensor behind_fraction rank iterations status
    """,
)
EvaluateArgs = _declare(
    "propnp_evaluate_args",
    _PROBLEM
    + "i32 precision "
    + _EXECUTION
    + """
    i32 drop_clamped_rows
    tensor pose cost_value delta pixel_error residual loss_weight jacobian gradient hessian status
    """,
)
SampleArgs = _declare(
    "propnp_sample_args",
    _PROBLEM
    + "pointer start_options options i32 precision "
    + _EXECUTION
    + """
    tensor pose_target log_evidence standard_error ess khat cost_target
    tensor mode_count mode_pose mode_covariance mode_probability mode_cost
    tensor sample_pose sample_log_weight status
    i32 loss_gradient
    tensor grad_x3d grad_x2d grad_w2d grad_sqrt_info grad_delta grad_prior_mean grad_prior_sigma
    tensor stages mean_pose covariance mode_mean mode_moment_covariance
    tensor quantile_levels quantiles region_shares region_log_density draws
    pointer symmetries
    tensor grad_prior_covariance grad_prior_depth grad_prior_bound
    i32 through_delta
    tensor grad_relative_delta pose
    """,
)
PosePlusArgs = _declare(
    "propnp_pose_plus_args",
    _PROBLEM + _EXECUTION + "f64 epsilon tensor pose pose_plus step status",
)
PosePlusBackwardArgs = _declare(
    "propnp_pose_plus_backward_args",
    _PROBLEM
    + _EXECUTION
    + """
    f64 epsilon
    tensor pose pose_plus_cotangent step_cotangent
    pointer gradients
    tensor status
    """,
)
ImplicitGradientArgs = _declare(
    "propnp_implicit_gradient_args",
    _PROBLEM
    + _EXECUTION
    + """
    i32 drop_clamped_rows
    tensor pose pose_cotangent tangent_cotangent
    pointer gradients
    tensor status
    """,
)
SampleExpectationArgs = _declare(
    "propnp_sample_expectation_args",
    _PROBLEM
    + "i32 precision "
    + _EXECUTION
    + """
    tensor sample_pose sample_log_weight sample_cost mean_translation expected_cost status
    """,
)
SampleBackwardArgs = _declare(
    "propnp_sample_backward_args",
    _PROBLEM
    + "i32 precision "
    + _EXECUTION
    + """
    tensor sample_pose sample_log_weight
    tensor log_weight_cotangent mean_translation_cotangent expected_cost_cotangent
    pointer gradients
    tensor status
    """,
)
DrawArgs = _declare(
    "propnp_draw_args",
    _EXECUTION
    + """
    u64 seed
    pointer seed_pointer
    u64 id_offset
    tensor object_ids sample_pose sample_log_weight draws chosen status
    """,
)
ConvertCovarianceArgs = _declare(
    "propnp_convert_covariance_args",
    """
    i32 device from to
    pointer stream
    f64x3 yaw_axis
    tensor base_rotation pose covariance result status
    """,
)
MovePoseArgs = _declare(
    "propnp_move_pose_args", "i32 device tangent pointer stream tensor pose step moved status"
)
PoseDifferenceArgs = _declare(
    "propnp_pose_difference_args", "i32 device tangent pointer stream tensor from to step status"
)
ConvertStepArgs = _declare(
    "propnp_convert_step_args",
    "i32 device from to pointer stream tensor pose step result status",
)
