// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/command_arguments.h"

#include "apps/propnp/help_text.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

constexpr int kDefaultOverlays = 50;

int ParseCount(const std::string& option, const std::string& text, int least) {
  const auto number = ParseInteger(text);
  if (number && *number >= least) return *number;
  throw InputError(
      Format("%s %s: accepted are whole numbers from %d", option.c_str(), text.c_str(), least));
}

void ParseRunWords(const RunWords& words, RunOptions* options) {
  options->loss = ParseLoss(words.loss);
  if (!words.sigma.empty()) options->sigma = ParseSigma(words.sigma);
  if (!words.threads.empty()) options->threads = ParseCount("--threads", words.threads, 1);
  options->overlays =
      words.overlays.empty() ? kDefaultOverlays : ParseCount("--overlays", words.overlays, 0);
}

SamplingOptions ParseSamplingWords(const SamplingWords& words) {
  SamplingOptions options;
  if (!words.method.empty()) options.method = ParseMethod(words.method);
  if (!words.samples.empty()) options.samples = ParseSamples(words.samples);
  if (!words.seed.empty()) options.seed = ParseSeed(words.seed);
  return options;
}

void AddSourceOptions(CLI::App* command, InputSource* source) {
  command
      ->add_option("--camera", source->camera,
                   "For photographs: calibration as OpenCV or ROS write it, or the numbers "
                   "fx,fy,cx,cy[,k1,k2,p1,p2[,k3[,k4,k5,k6]]]")
      ->type_name("FILE");
  command
      ->add_option("--board", source->board,
                   "For photographs: chessboard:COLUMNSxROWS:SIDE (inner corners), "
                   "aruco:DICT:SIDE or apriltag:FAMILY:SIDE; SIDE with mm, cm, m or in gives "
                   "poses in metres")
      ->type_name("BOARD");
}

// Input, output and cost: what `refine` and `posterior` share.
void AddRunOptions(CLI::App* command, const char* overlays_help, RunOptions* options,
                   RunWords* words) {
  command
      ->add_option("INPUT", options->source.paths, "Model, file, photographs or a quoted pattern")
      ->required();
  command
      ->add_option("-o,--output,--out", options->output,
                   "Folder to write; without it only the table")
      ->type_name("DIR");
  AddSourceOptions(command, &options->source);
  command
      ->add_option("--images", options->source.images,
                   "Folder of a model's photographs, for the pictures; otherwise looked for "
                   "beside the model")
      ->type_name("DIR");
  command
      ->add_option("--loss", words->loss,
                   "none (least squares), huber[:D], cauchy[:D] with D in sigmas (1.5, 2.55), or "
                   "adaptive[:R] (0.5); default none")
      ->type_name("LOSS");
  command
      ->add_option("--sigma", words->sigma,
                   "Noise of the 2D points in pixels, or auto to estimate it; default auto, or "
                   "the input's own weights, on whose sigmas PX is a factor")
      ->type_name("PX");
  command
      ->add_option("--threads", words->threads,
                   "Threads; default one a core; never changes results")
      ->type_name("N");
  command
      ->add_option("--overlays", words->overlays,
                   Format("Pictures at most, %s; default %d", overlays_help, kDefaultOverlays))
      ->type_name("N");
  command->add_flag("--json", options->json, "Print the run as JSON instead of the table");
}

void AddSamplingOptions(CLI::App* command, SamplingWords* words) {
  command
      ->add_option("--samples", words->samples,
                   Format("Samples an object; default %d", SamplingOptions().samples))
      ->type_name("N");
  command->add_option("--seed", words->seed, "Of the samples; default 0")->type_name("N");
  command
      ->add_option("--method", words->method,
                   std::string("How to sample: mixture (around every mode, scrambled Sobol "
                               "points), mixture_mc (independent random points), amis (as "
                               "EPro-PnP does) or laplace (Gaussians at the modes); default ") +
                       MethodName(SamplingOptions().method))
      ->type_name("METHOD");
}

}  // namespace

void AddRefine(CLI::App* app, RefineOptions* options, RefineWords* words) {
  CLI::App* command =
      app->add_subcommand("refine", "Refine poses; show, draw and write the result");
  command->footer(kRefineExamples);
  AddRunOptions(command, "those with the largest errors", options, words);
  command
      ->add_option("--covariance", words->covariance,
                   "posterior (robust Hessian), gauss_newton (as Ceres), or sandwich (honest "
                   "under outliers); default posterior")
      ->type_name("KIND");
  command->add_option("--engine", words->engine, "batch or ceres; default batch")
      ->type_name("ENGINE");
  command->add_flag("--posterior", words->posterior,
                    "Sample too: how probable is the refined pose, and is there another?");
  AddSamplingOptions(command, &words->sampling);
}

void AddPosterior(CLI::App* app, PosteriorOptions* options, PosteriorWords* words) {
  CLI::App* command =
      app->add_subcommand("posterior", "All poses that the points allow, with their probabilities");
  command->footer(kPosteriorExamples);
  AddRunOptions(command, "those of the least certain objects", options, words);
  AddSamplingOptions(command, &words->sampling);
  command->add_flag("--save-samples", options->save_samples,
                    "Write every sample to DIR/samples.npz, for NumPy");
}

void AddConvert(CLI::App* app, ConvertOptions* options) {
  CLI::App* command = app->add_subcommand("convert", "Write poses and points in another format");
  command->footer(kConvertExamples);
  command->add_option("FILES", options->source.paths, "IN... OUT")
      ->required()
      ->expected(2, -1)
      ->type_name("");
  AddSourceOptions(command, &options->source);
  command
      ->add_option("--to", options->to,
                   "jsonl, tum, colmap-text, colmap-binary, bal or bop; default by OUT's ending")
      ->type_name("FORMAT");
}

void AddInfo(CLI::App* app, InputSource* source) {
  CLI::App* command = app->add_subcommand("info", "Say what an input holds and how well it fits");
  command->footer(kInfoExamples);
  command->add_option("INPUT", source->paths, "As for refine, or a BOP scene or results")
      ->required();
  AddSourceOptions(command, source);
}

void AddDemo(CLI::App* app, DemoOptions* options) {
  CLI::App* command = app->add_subcommand("demo", "Two jobs on real photographs; start here");
  command->footer(kDemoAbout);
  command->add_option("-o,--output", options->output, "Folder to write")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--images", options->images, "Folder with left01.jpg ... left14.jpg")
      ->type_name("DIR");
}

void ParseWords(const RefineWords& words, RefineOptions* options) {
  ParseRunWords(words, options);
  options->covariance = ParseCovarianceKind(words.covariance);
  if (words.engine != "batch" && words.engine != "ceres") {
    throw InputError("--engine " + words.engine + ": accepted are batch, ceres");
  }
  options->use_ceres = words.engine == "ceres";
  if (words.posterior) {
    options->posterior = ParseSamplingWords(words.sampling);
  } else if (!words.sampling.empty()) {
    throw InputError("--samples, --seed and --method: only together with --posterior");
  }
}

void ParseWords(const PosteriorWords& words, PosteriorOptions* options) {
  ParseRunWords(words, options);
  options->sampling = ParseSamplingWords(words.sampling);
}

}  // namespace propnp::app
