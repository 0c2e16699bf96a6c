#include "engine/cmd/daemon.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/cmd/all_sources.h"
#include "engine/cmd/commands.h"
#include "engine/cmd/hook_options.h"
#include "engine/cmd/incident_printer.h"
#include "engine/deliver/routing_codec.h"
#include "engine/serve/status_json.h"

namespace culprit {
namespace {

absl::StatusOr<std::shared_ptr<const LiveKnowledge>> Compile(const LiveConfig& config) {
  KnowledgeFlags flags;
  AddKnowledge(config, &flags);
  CULPRIT_ASSIGN_OR_RETURN(Engine engine, BuildEngine(flags, config.redact));
  return std::make_shared<const LiveKnowledge>(std::move(engine));
}

// What a reload takes; the rest of culprit.yaml is opened or built at the start.
constexpr std::string_view kTakenByReload[] = {
    "packs",  "default_packs", "topology", "redact",      "routes",      "teams",
    "labels", "mute_times",    "silences", "maintenance", "external_url"};

std::vector<std::string> NeedRestart(const LiveConfig& running, const LiveConfig& wanted) {
  std::vector<std::string> keys = ChangedSections(running, wanted);
  std::erase_if(keys, [](const std::string& key) {
    return std::find(std::begin(kTakenByReload), std::end(kTakenByReload), key) !=
           std::end(kTakenByReload);
  });
  return keys;
}

// The log is cut at a checkpoint, two of them are kept, and what is not reasoned about stays: all
// of that must fit into log_bytes.
uint64_t PartOfLog(const LiveConfig& config) {
  return std::min(LiveReasonOptions().checkpoint_bytes, config.state.log_bytes / 4);
}

ReasonOptions ReasonOptionsOf(const LiveConfig& config) {
  ReasonOptions options;
  options.order.lateness = config.time.lateness;
  return options;
}

}  // namespace

Daemon::Daemon(LiveConfig config) : config_(std::move(config)) {}

Daemon::~Daemon() { Stop(0, false); }

absl::Status Daemon::MakeSources() {
  for (const SourceConfig& config : config_.sources) {
    CULPRIT_ASSIGN_OR_RETURN(std::unique_ptr<LiveSource> source, MakeSource(config));
    sources_.push_back(std::move(source));
  }
  return absl::OkStatus();
}

LivePipelineOptions Daemon::PipelineOptions() const {
  LivePipelineOptions options;
  options.workers = config_.workers > 0
                        ? config_.workers
                        : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  options.queue_bytes = config_.queue_bytes;
  options.unreasoned_bytes = PartOfLog(config_);
  options.routing = EncodeRouting(config_.deliver);
  for (const SourceConfig& source : config_.sources) {
    options.idle_after_by_source[SourceName(source)] = source.idle_after;
    const absl::StatusOr<ParseOptions> parse =
        ToParseOptions({.input_format = source.lines.format,
                        .timezone = source.lines.timezone,
                        .service = source.lines.service,
                        .service_from = source.lines.service_from});
    if (parse.ok()) options.parse_by_source[SourceName(source)] = *parse;
  }
  return options;
}

absl::Status Daemon::Start() {
  CULPRIT_ASSIGN_OR_RETURN(const std::shared_ptr<const LiveKnowledge> knowledge, Compile(config_));
  CULPRIT_RETURN_IF_ERROR(MakeSources());
  CULPRIT_RETURN_IF_ERROR(Planner::Make(config_.deliver).status());
  OpenReport opened;
  CULPRIT_ASSIGN_OR_RETURN(store_,
                           OpenSqliteStore({.directory = config_.state.directory,
                                            .sync = config_.state.sync,
                                            .log_bytes = config_.state.log_bytes,
                                            .log_age = config_.state.log_age,
                                            .dead_letter_bytes = config_.state.dead_letter_bytes,
                                            .dead_letter_age = config_.state.dead_letter_age},
                                           &opened));
  if (!opened.message.empty()) spdlog::error("state: {}", opened.message);
  CULPRIT_ASSIGN_OR_RETURN(delivery_, Delivery::Make(config_.sinks, store_.get()));
  for (const std::string& orphan : delivery_->Orphans())
    spdlog::warn("notifications wait for a sink that the configuration does not have name={}",
                 orphan);
  LiveReasonOptions reason;
  reason.reason = ReasonOptionsOf(config_);
  reason.checkpoint_period = config_.state.checkpoint_every;
  reason.checkpoint_bytes = PartOfLog(config_);
  reasoning_ = std::make_unique<LiveReasonThread>(
      store_.get(), reason, knowledge,
      LiveReasonThread::Hooks{
          .told = [format = config_.stdout_format](
                      const std::vector<OutboxRow>& rows,
                      const Report& report) { PrintIncidents(format, rows, report); },
          .planned = [this] { delivery_->Wake(); },
          .wants_ticks = [this](bool wants) { pipeline_->set_wants_ticks(wants); },
          .reasoned = [this](uint64_t seq) { pipeline_->Reasoned(seq); }});
  pipeline_ = std::make_unique<LivePipeline>(store_.get(), PipelineOptions(), knowledge);
  std::vector<LiveSource*> sources;
  for (const auto& source : sources_) sources.push_back(source.get());
  pipeline_->set_sources(sources);
  pipeline_->set_on_commit([this](uint64_t seq) { reasoning_->OnCommit(seq); });
  CULPRIT_RETURN_IF_ERROR(reasoning_->Start());
  if (!reasoning_->note().empty()) spdlog::warn("{}", reasoning_->note());
  CULPRIT_RETURN_IF_ERROR(pipeline_->Start());
  for (const auto& source : sources_) {
    const std::vector<ResumePoint> points = pipeline_->ResumePoints(source->name());
    if (absl::Status status = source->Start(pipeline_.get(), points); !status.ok())
      return absl::Status(status.code(),
                          absl::StrCat("source ", source->name(), ": ", status.message()));
    spdlog::info("source started name={} streams={}", source->name(), points.size());
  }
  {
    const std::lock_guard lock(told_mutex_);
    knowledge_ = knowledge;
    deliver_ = config_.deliver;
    reload_state_.at = WallNow();
  }
  delivery_->Start();
  return Serve();
}

absl::Status Daemon::Serve() {
  if (config_.serve.listen.empty()) return absl::OkStatus();
  ServeBackend backend;
  backend.version = CULPRIT_VERSION;
  backend.stats = [this] { return stats(); };
  backend.reload_state = [this] { return reload_state(); };
  backend.reload = [this] { return Reload(); };
  backend.incidents = [this](const std::string& state, size_t limit) {
    return store_->Incidents(state, limit);
  };
  backend.incident = [this](const std::string& id) { return store_->FindIncident(id); };
  backend.topology = [this] { return Topology(); };
  backend.tap = [this](size_t limit) -> TapReader {
    return [subscription = pipeline_->tap()->Subscribe(limit)](std::vector<TapSignal>* signals) {
      return subscription->Take(signals);
    };
  };
  backend.dump = [this] { return StateJson(); };
  ServePeople(&backend);
  CULPRIT_ASSIGN_OR_RETURN(server_, HttpServer::Start({.listen = config_.serve.listen,
                                                       .token = config_.serve.token,
                                                       .hooks = HookOptionsOf(config_.sinks)},
                                                      std::move(backend)));
  spdlog::info("serving listen={} port={}", config_.serve.listen, server_->port());
  return absl::OkStatus();
}

std::vector<ReportEdge> Daemon::Topology() const {
  const std::lock_guard lock(told_mutex_);
  const Knowledge& known = *knowledge_->engine.knowledge;
  std::vector<ReportEdge> out;
  for (const EdgeSpec& edge : known.edges) out.push_back({edge.from, edge.to, false});
  return out;
}

absl::Status Daemon::Reload() {
  const std::lock_guard one(reload_mutex_);
  std::vector<std::string> needs_restart;
  absl::Status status = ReloadAll(&needs_restart);
  const std::lock_guard lock(told_mutex_);
  reload_state_ = {status.ok(), WallNow(), std::string(status.message()), std::move(needs_restart)};
  return status;
}

absl::Status Daemon::ReloadAll(std::vector<std::string>* needs_restart) {
  CULPRIT_ASSIGN_OR_RETURN(LiveConfig config, LoadLiveConfig(config_.file, ProcessEnvironment()));
  CULPRIT_ASSIGN_OR_RETURN(const std::shared_ptr<const LiveKnowledge> knowledge, Compile(config));
  CULPRIT_RETURN_IF_ERROR(ReloadRouting(config));
  reasoning_->AddKnowledge(knowledge);
  pipeline_->Reload(knowledge);
  // What is opened at the start stays: sources, sinks, state, server.
  config_.packs = config.packs;
  config_.default_packs = config.default_packs;
  config_.topologies = config.topologies;
  {
    const std::lock_guard lock(told_mutex_);
    knowledge_ = knowledge;
  }
  spdlog::info("configuration reloaded file={} packs_and_topology={}", config_.file,
               knowledge->fingerprint);
  *needs_restart = NeedRestart(config_, config);
  if (!needs_restart->empty())
    spdlog::warn("changed in {}, but taken only by a restart: {}", config_.file,
                 absl::StrJoin(*needs_restart, ", "));
  return absl::OkStatus();
}

void Daemon::Tick() {
  if (const absl::Status status = store_->Maintain(WallNow()); !status.ok())
    spdlog::debug("state upkeep failed error={}", std::string(status.message()));
  const PipelineStats now = stats();
  std::string trouble = now.not_ready;
  for (const SourceStats& source : now.sources)
    if (source.health.state == SourceState::kFailing)
      absl::StrAppend(&trouble, trouble.empty() ? "" : "; ", "source ", source.name,
                      " fails: ", source.health.detail);
  for (const DestinationStatus& sink : now.destinations)
    if (IsTrouble(sink.state))
      absl::StrAppend(&trouble, trouble.empty() ? "" : "; ", "sink ", sink.name, " ",
                      ToAbsl(DestinationStateName(sink.state)), ": ", sink.error);
  // Once for each change, not once a second.
  if (trouble == last_trouble_) return;
  if (trouble.empty()) {
    spdlog::info("well again");
  } else {
    spdlog::warn("not well reason={}", trouble);
  }
  last_trouble_ = trouble;
}

bool Daemon::SourcesEnded() const {
  return std::all_of(sources_.begin(), sources_.end(), [](const auto& source) {
    return source->health().state == SourceState::kStopped;
  });
}

absl::Status Daemon::damage() const {
  for (absl::Status status : {pipeline_->state_error(), reasoning_->error()})
    if (absl::IsDataLoss(status)) return status;
  return absl::OkStatus();
}

void Daemon::Stop(int64_t deadline, bool finish) {
  if (std::exchange(stopped_, true) || pipeline_ == nullptr) return;
  server_.reset();  // it asks what ends below
  for (const auto& source : sources_) source->Drain();
  const absl::Status drained = pipeline_->Drain(deadline);
  if (!drained.ok()) spdlog::warn("not all was committed, it is read again at the next start");
  if (drained.ok() && finish) pipeline_->Finish();
  pipeline_->Stop(deadline);
  for (const auto& source : sources_) source->Stop();
  reasoning_->Stop(deadline);
  delivery_->Stop(deadline);
}

PipelineStats Daemon::stats() const {
  PipelineStats stats = pipeline_->stats();
  reasoning_->AddStats(&stats);
  stats.destinations = delivery_->status();
  if (const absl::Status error = reasoning_->error(); !error.ok() && stats.ready) {
    stats.ready = false;
    stats.not_ready = absl::StrCat("the reason half waits: ", error.message());
  }
  return stats;
}

ReloadState Daemon::reload_state() const {
  const std::lock_guard lock(told_mutex_);
  return reload_state_;
}

std::string Daemon::StateJson() const {
  return StatusJson(stats(), reload_state(), CULPRIT_VERSION, SIZE_MAX);
}

absl::StatusOr<std::string> Daemon::Dump() const {
  const std::string path =
      absl::StrCat(config_.state.directory, "/dump-", WallNow() / kSecondUs, ".json");
  std::ofstream out(path, std::ios::binary);
  out << StateJson() << std::flush;
  if (!out) return absl::UnavailableError(absl::StrCat(path, ": cannot be written"));
  return path;
}

}  // namespace culprit
