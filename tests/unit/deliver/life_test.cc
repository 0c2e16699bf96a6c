// The table in engine/deliver/README.md is the one that the program follows.
#include "engine/deliver/life.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace culprit {
namespace {

// The cells of the README's table, by row, without the heading.
std::vector<std::vector<std::string>> DocumentedTable() {
  std::ifstream in(std::string(CULPRIT_SOURCE_DIR) + "/engine/deliver/README.md");
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("| event ", 0) == 0) inside = true;
    if (inside && line.rfind("|", 0) != 0) break;
    if (!inside || line.rfind("|--", 0) == 0) continue;
    std::vector<std::string> cells;
    std::istringstream text(line.substr(1));
    for (std::string cell; std::getline(text, cell, '|');) {
      const size_t begin = cell.find_first_not_of(' ');
      const size_t end = cell.find_last_not_of(' ');
      cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
    }
    rows.push_back(cells);
  }
  return rows;
}

std::string Cell(LifeState state, LifeEvent event) {
  const Transition t = Follow(state, event);
  if (t.telling == Telling::kIgnored) return "-";
  std::string out(TellingName(t.telling));
  if (t.next != state) out += " → " + std::string(LifeStateName(t.next));
  if (t.restart) out += ", anew";
  return out;
}

TEST(Life, ReadmeHasTheTable) {
  const auto rows = DocumentedTable();
  ASSERT_EQ(rows.size(), 1 + kLifeEvents);
  for (size_t e = 0; e < kLifeEvents; ++e) {
    const auto event = static_cast<LifeEvent>(e);
    ASSERT_EQ(rows[e + 1].size(), 1 + kLifeStates);
    EXPECT_EQ(rows[e + 1][0], LifeEventName(event));
    for (size_t s = 0; s < kLifeStates; ++s) {
      const auto state = static_cast<LifeState>(s);
      EXPECT_EQ(rows[0][s + 1], LifeStateName(state));
      EXPECT_EQ(rows[e + 1][s + 1], Cell(state, event))
          << LifeEventName(event) << " in " << LifeStateName(state);
    }
  }
}

TEST(Life, MuteGivesBackWhatItHid) {
  Life life;
  life.Apply(LifeEvent::kOpened);
  life.Apply(LifeEvent::kMuted);
  life.Apply(LifeEvent::kAcknowledged);
  EXPECT_EQ(life.state, LifeState::kMuted);
  EXPECT_EQ(life.Apply(LifeEvent::kUnmuted).next, LifeState::kAcknowledged);
  life.Apply(LifeEvent::kFlapping);
  EXPECT_EQ(life.state, LifeState::kAcknowledged);
  life.Apply(LifeEvent::kResolved);
  life.Apply(LifeEvent::kReopened);
  EXPECT_EQ(life.state, LifeState::kOpen);
  EXPECT_FALSE(life.acknowledged);
  life.Apply(LifeEvent::kFlapping);
  life.Apply(LifeEvent::kMuted);
  EXPECT_EQ(life.Apply(LifeEvent::kUnmuted).next, LifeState::kFlapping);
}

}  // namespace
}  // namespace culprit
