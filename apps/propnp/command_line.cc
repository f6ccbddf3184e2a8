// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/command_line.h"

#include <CLI/CLI.hpp>
#include <opencv2/core.hpp>

#include "apps/propnp/command_arguments.h"
#include "apps/propnp/help_text.h"
#include "apps/propnp/info_command.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/posterior_command.h"
#include "apps/propnp/refine_command.h"
#include "apps/propnp/version_text.h"

namespace propnp::app {
namespace {

// CLI11 thinks of programs that end here; we want its text and our exit code.
int Explain(const CLI::App& app, const CLI::ParseError& error, std::ostream& out,
            std::ostream& err) {
  if (error.get_exit_code() == 0) {  // --help, --version
    app.exit(error, out, err);
    return kAllGood;
  }
  std::string command = "propnp";
  for (const CLI::App* sub : app.get_subcommands()) command += " " + sub->get_name();
  err << "propnp: " << error.what() << " (see " << command << " --help)\n";
  return kUsageError;
}

int Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  CLI::App app(kAbout, "propnp");
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", VersionText());
  RefineOptions refine;
  RefineWords refine_words;
  PosteriorOptions posterior;
  PosteriorWords posterior_words;
  InputSource info;
  ConvertOptions convert;
  DemoOptions demo;
  AddRefine(&app, &refine, &refine_words);
  AddPosterior(&app, &posterior, &posterior_words);
  AddConvert(&app, &convert);
  AddInfo(&app, &info);
  AddDemo(&app, &demo);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return Explain(app, error, out, err);
  }
  if (app.got_subcommand("refine")) {
    ParseWords(refine_words, &refine);
    return RunRefine(refine, out);
  }
  if (app.got_subcommand("posterior")) {
    ParseWords(posterior_words, &posterior);
    return RunPosterior(posterior, out);
  }
  if (app.got_subcommand("convert")) {
    convert.output = convert.source.paths.back();
    convert.source.paths.pop_back();
    return RunConvert(convert, out);
  }
  if (app.got_subcommand("info")) return RunInfo(info, out);
  return RunDemo(demo, out);
}

// Messages of others may have several lines.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, std::ostream& out,
                   std::ostream& err) {
  try {
    return Run(arguments, out, err);
  } catch (const InputError& error) {
    err << "propnp: " << OneLine(error.what()) << "\n";
  } catch (const cv::Exception& error) {
    err << "propnp: OpenCV: " << OneLine(error.err) << "\n";
  } catch (const std::bad_alloc&) {
    err << "propnp: not enough memory for this input\n";
  } catch (const std::exception& error) {
    err << "propnp: " << OneLine(error.what()) << "\n";
  }
  return kUsageError;
}

}  // namespace propnp::app
