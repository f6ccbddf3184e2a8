// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

//! propnp from another language: Rust with nothing but the shared library. Finds the pose of one
//! object from eight correspondences and prints it with the standard deviations of its covariance.
//!
//!     rustc -O refine_pose.rs -L DIR -l propnp_c && LD_LIBRARY_PATH=DIR ./refine_pose
//!
//! A binding declares the structs that it uses as `propnp_abi_layout()` has them, lets the library
//! fill in the defaults, and reads errors from `propnp_last_error()`.

use std::ffi::{c_void, CStr};
use std::mem::{size_of, MaybeUninit};
use std::os::raw::c_char;
use std::ptr::{null, null_mut};

const FLOAT64: i32 = 2;
const INT32: i32 = 3;
const CAMERA_PINHOLE: i32 = 0;
const STATUS_CONVERGED: i32 = 1;

#[repr(C)]
#[derive(Clone, Copy)]
struct Tensor {
    data: *mut c_void,
    dtype: i32,
    ndim: i32,
    shape: [i64; 4],
    stride: [i64; 4],
}

#[repr(C)]
struct Cameras {
    struct_size: u64,
    model: Tensor,
    parameters: Tensor,
    size_px: Tensor,
    box_px: Tensor,
}

#[repr(C)]
struct Correspondences {
    struct_size: u64,
    num_objects: i64,
    x3d: Tensor,
    x2d: Tensor,
    w2d: Tensor,
    sqrt_info: Tensor,
    counts: Tensor,
    offsets: Tensor,
    view_offsets: Tensor,
    view_camera: Tensor,
    view_rig: Tensor,
    camera_from_rig: Tensor,
    base_rotation: Tensor,
    object_ids: Tensor,
    id_offset: u64,
}

#[repr(C)]
struct CostOptions {
    struct_size: u64,
    dof: i32,
    loss: i32,
    delta: f64,
    relative_delta: f64,
    z_min: f64,
    yaw_axis: [f64; 3],
    object_delta: Tensor,
    prior: *const c_void,
}

#[repr(C)]
struct SolveOptions {
    struct_size: u64,
    method: i32,
    max_iterations: i32,
    tolerance: f64,
    covariance: i32,
    scale_covariance: i32,
    num_starts: i32,
    start_points: i32,
    start_iterations: i32,
    num_refined: i32,
    seed: u64,
    seed_pointer: *const u64,
    damping: [f64; 6], // initial_radius ... epsilon
}

#[repr(C)]
struct SolveArgs {
    struct_size: u64,
    correspondences: *const Correspondences,
    cameras: *const Cameras,
    cost: *const CostOptions,
    options: *const SolveOptions,
    precision: i32,
    device: i32,
    stream: *mut c_void,
    workspace: *mut c_void,
    workspace_size: u64,
    pose_init: Tensor,
    pose_target: Tensor,
    pose: Tensor,
    cost_before: Tensor,
    cost_after: Tensor,
    covariance: Tensor,
    null_space: Tensor,
    variance_factor: Tensor,
    behind_fraction: Tensor,
    rank: Tensor,
    iterations: Tensor,
    status: Tensor,
}

enum Context {} // opaque

extern "C" {
    fn propnp_context_create(options: *const c_void, context: *mut *mut Context) -> i32;
    fn propnp_context_destroy(context: *mut Context);
    fn propnp_last_error(context: *const Context) -> *const c_char;
    fn propnp_abi_layout() -> *const c_char;
    fn propnp_correspondences_init(s: *mut Correspondences, struct_size: u64) -> i32;
    fn propnp_cameras_init(s: *mut Cameras, struct_size: u64) -> i32;
    fn propnp_cost_options_init(s: *mut CostOptions, struct_size: u64) -> i32;
    fn propnp_solve_options_init(s: *mut SolveOptions, struct_size: u64) -> i32;
    fn propnp_solve_args_init(s: *mut SolveArgs, struct_size: u64) -> i32;
    fn propnp_solve(context: *mut Context, args: *const SolveArgs) -> i32;
}

/// A struct with the library's defaults.
fn initialised<T>(init: unsafe extern "C" fn(*mut T, u64) -> i32) -> T {
    let mut s = MaybeUninit::<T>::uninit();
    let code = unsafe { init(s.as_mut_ptr(), size_of::<T>() as u64) };
    assert_eq!(code, 0, "{}", last_error(null()));
    unsafe { s.assume_init() }
}

fn last_error(context: *const Context) -> String {
    let text = unsafe { CStr::from_ptr(propnp_last_error(context)) };
    text.to_string_lossy().into_owned()
}

/// A view onto contiguous row-major memory that the library reads.
fn input<T>(data: &[T], dtype: i32, shape: &[i64]) -> Tensor {
    assert_eq!(data.len() as i64, shape.iter().product::<i64>());
    view(data.as_ptr() as *mut T, dtype, shape)
}

/// The same of memory that it writes.
fn output<T>(data: &mut [T], dtype: i32, shape: &[i64]) -> Tensor {
    assert_eq!(data.len() as i64, shape.iter().product::<i64>());
    view(data.as_mut_ptr(), dtype, shape)
}

fn view<T>(data: *mut T, dtype: i32, shape: &[i64]) -> Tensor {
    let mut tensor = Tensor {
        data: data as *mut c_void,
        dtype,
        ndim: shape.len() as i32,
        shape: [0; 4],
        stride: [0; 4],
    };
    let mut stride = 1;
    for axis in (0..shape.len()).rev() {
        tensor.shape[axis] = shape[axis];
        tensor.stride[axis] = stride;
        stride *= shape[axis];
    }
    tensor
}

/// Stops if a struct is not as large here as in the library.
fn verify_layout() {
    let layout = unsafe { CStr::from_ptr(propnp_abi_layout()) }.to_str().unwrap();
    for (name, size) in [
        ("propnp_tensor", size_of::<Tensor>()),
        ("propnp_cameras", size_of::<Cameras>()),
        ("propnp_correspondences", size_of::<Correspondences>()),
        ("propnp_cost_options", size_of::<CostOptions>()),
        ("propnp_solve_options", size_of::<SolveOptions>()),
        ("propnp_solve_args", size_of::<SolveArgs>()),
    ] {
        let line = format!("struct {} {}", name, size);
        assert!(layout.lines().any(|l| l == line), "not in the library: {}", line);
    }
}

fn main() {
    verify_layout();

    // The corners of a box, one metre wide and four metres away, without noise.
    let translation = [0.1, -0.2, 4.0];
    let intrinsics = [800.0, 800.0, 320.0, 240.0, 0.0];
    let (mut x3d, mut x2d) = (Vec::new(), Vec::new());
    for corner in 0..8 {
        let side = |bit: i32| if corner & bit != 0 { 0.5 } else { -0.5 };
        let x = [side(1), side(2), side(4)];
        for i in 0..2 {
            let ray = (x[i] + translation[i]) / (x[2] + translation[2]);
            x2d.push(intrinsics[i] * ray + intrinsics[2 + i]);
        }
        x3d.extend(x);
    }
    let w2d = vec![1.0 / 0.5; 16]; // half a pixel
    let model = [CAMERA_PINHOLE];

    let mut correspondences = initialised(propnp_correspondences_init);
    correspondences.num_objects = 1;
    correspondences.x3d = input(&x3d, FLOAT64, &[1, 8, 3]);
    correspondences.x2d = input(&x2d, FLOAT64, &[1, 8, 2]);
    correspondences.w2d = input(&w2d, FLOAT64, &[1, 8, 2]);
    let mut cameras = initialised(propnp_cameras_init);
    cameras.model = input(&model, INT32, &[1]);
    cameras.parameters = input(&intrinsics, FLOAT64, &[1, 5]);
    let cost = initialised(propnp_cost_options_init);
    let options = initialised(propnp_solve_options_init);

    let mut pose = [0.0f64; 7];
    let mut covariance = [0.0f64; 36];
    let mut status = [0i32; 1];
    let mut args = initialised(propnp_solve_args_init);
    args.correspondences = &correspondences;
    args.cameras = &cameras;
    args.cost = &cost;
    args.options = &options;
    args.pose = output(&mut pose, FLOAT64, &[1, 7]);
    args.covariance = output(&mut covariance, FLOAT64, &[1, 6, 6]);
    args.status = output(&mut status, INT32, &[1]);

    let mut context = null_mut();
    let created = unsafe { propnp_context_create(null(), &mut context) };
    assert_eq!(created, 0, "{}", last_error(null()));
    let code = unsafe { propnp_solve(context, &args) };
    assert_eq!(code, 0, "{}", last_error(context));
    unsafe { propnp_context_destroy(context) };

    assert_eq!(status[0], STATUS_CONVERGED);
    println!("cam_from_object  {:9.6?}", pose);
    for (i, name) in ["tx", "ty", "tz", "rx", "ry", "rz"].iter().enumerate() {
        println!("sigma {}  {:.6}", name, covariance[7 * i].sqrt());
    }
    for i in 0..3 {
        assert!((pose[i] - translation[i]).abs() < 1e-9);
        assert!(covariance[7 * i] > 0.0);
    }
}
