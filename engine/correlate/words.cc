#include "engine/correlate/words.h"

#include <algorithm>
#include <cctype>

namespace culprit {
namespace {

std::string_view OwnWord(SymptomClass cls) {
  switch (cls) {
    case SymptomClass::kCrash:
      return "crashes";
    case SymptomClass::kResource:
      return "out of resources";
    case SymptomClass::kSelfError:
      return "self errors";
    case SymptomClass::kSaturation:
      return "overload";
    case SymptomClass::kServerError:
      return "server errors";
    case SymptomClass::kSilence:
      return "silence";
    default:
      return "";
  }
}

}  // namespace

std::string JoinNames(const std::vector<std::string>& names, size_t most, std::string_view last) {
  std::string text;
  const size_t shown = names.size() <= most ? names.size() : most - 1;
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) {
      const bool final = i + 1 == names.size();
      text += final ? " " + std::string(last) + " " : ", ";
    }
    text += names[i];
  }
  if (shown < names.size()) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

std::string GenericTitle(ModeKind kind, const std::string& component, const std::string& from,
                         const std::vector<SymptomClass>& own) {
  switch (kind) {
    case ModeKind::kDown:
      return component + " is down or unreachable";
    case ModeKind::kSlow:
      return component + " is slow or overloaded";
    case ModeKind::kLink:
      return "the path from " + from + " to " + component + " is cut";
    case ModeKind::kFaulty:
      break;
  }
  std::vector<std::string> words;
  for (SymptomClass cls : own) {
    if (!OwnWord(cls).empty()) words.emplace_back(OwnWord(cls));
  }
  if (words.empty()) return component + ": failing";
  return component + ": failing (" + JoinNames(words, 3) + ")";
}

std::string IncidentTitle(const std::string& cause, ModeKind kind,
                          const std::vector<std::string>& affected,
                          const std::vector<std::string>& ties) {
  std::string title = cause;
  std::vector<std::string> others = affected;
  if (ties.size() > 1) {
    title = JoinNames(ties, 4, "or") + " (cause not certain)";
    std::erase_if(others, [&](const std::string& name) {
      return std::find(ties.begin(), ties.end(), name) != ties.end();
    });
  }
  if (others.empty()) return title;
  std::string names;
  for (size_t i = 0; i < others.size() && i < 4; ++i) names += (i ? ", " : "") + others[i];
  if (others.size() > 4) names += " and " + std::to_string(others.size() - 4) + " more";
  const bool down = ties.size() <= 1 && (kind == ModeKind::kDown || kind == ModeKind::kLink);
  return title + (down ? ": took down " : ", affecting ") + names;
}

Runbook GenericRunbook(ModeKind kind, const std::string& component, const std::string& from) {
  Runbook book;
  switch (kind) {
    case ModeKind::kDown:
      book.immediate.push_back(
          {"Check that " + component + " runs and answers; restart it if it does not.", ""});
      break;
    case ModeKind::kSlow:
      book.immediate.push_back(
          {"Look at load, queues and slow requests of " + component + ".", ""});
      break;
    case ModeKind::kFaulty:
      book.immediate.push_back(
          {"Read the first errors of " + component + " below; undo its latest change if it fits.",
           ""});
      break;
    case ModeKind::kLink:
      book.immediate.push_back({"Try to reach " + component + " from the host of " + from +
                                    ": name, route, firewall, credentials.",
                                ""});
      break;
  }
  book.diagnose.push_back({"Read the logs of " + component + " around the onset.", ""});
  return book;
}

std::string FillTemplate(std::string_view text, std::string_view component,
                         const std::vector<Capture>& captures) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '{' ? text.find('}', i) : std::string_view::npos;
    std::string_view inside =
        end == std::string_view::npos ? std::string_view() : text.substr(i + 1, end - i - 1);
    const size_t bar = inside.find('|');
    const std::string_view name = inside.substr(0, bar);
    // Only {word} is ours: '{{.State}}', '${HOME}' or '{"a":1}' in a command stay as they are.
    const bool ours = !name.empty() && (i == 0 || (text[i - 1] != '{' && text[i - 1] != '$')) &&
                      std::all_of(name.begin(), name.end(),
                                  [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!ours) {
      out += text[i];
      continue;
    }
    auto found = std::find_if(captures.begin(), captures.end(), [&](const Capture& c) {
      return c.first == name && !c.second.empty();
    });
    if (found != captures.end()) {
      out += found->second;
    } else if (name == "component") {
      out += component;
    } else if (bar != std::string_view::npos) {
      out += inside.substr(bar + 1);
    } else {
      out += "<" + std::string(name) + ">";
    }
    i = end;
  }
  return out;
}

Runbook FillRunbook(const Runbook& runbook, std::string_view component,
                    const std::vector<Capture>& captures) {
  Runbook filled = runbook;
  for (auto* steps : {&filled.immediate, &filled.diagnose, &filled.resolve}) {
    for (RunbookStep& step : *steps) {
      step.say = FillTemplate(step.say, component, captures);
      step.run = FillTemplate(step.run, component, captures);
    }
  }
  for (RunbookLink& link : filled.links) {
    link.url = FillTemplate(link.url, component, captures);
  }
  return filled;
}

}  // namespace culprit
