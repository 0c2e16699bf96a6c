#include "sinks/common/plain_text.h"

#include "sinks/common/message.h"

namespace culprit {
namespace {

// A section that is false leaves the rest of its line: so closing tags stand right before what
// follows.
constexpr char kPlain[] =
    R"({{mark}} {{title}}
{{#text}}{{event_text}}: {{text}}
{{/text}}Cause      {{component}} · {{confidence}} {{share}} · {{severity}} · {{status}}
Since      {{since}}{{#lasted}} ({{lasted}}){{/lasted}}
{{#affected}}Took down  {{affected}}
{{/affected}}{{#owner}}Has it     {{owner}}
{{/owner}}{{#inconclusive}}Not certain{{#candidates}}: it may be {{candidates}}{{/candidates}}
{{#alternatives}}- {{name}}: {{reason}}
{{/alternatives}}{{/inconclusive}}
{{#impact}}{{impact}}

{{/impact}}{{#first_step}}First step: {{first_step}}
{{/first_step}}{{#first_command}}  $ {{first_command}}
{{/first_command}}
Proof
{{#proof}}  {{clock}} {{service}}  {{path}}
    {{said}}
{{/proof}}
{{#explained}}Explains {{explained}}
{{/explained}}{{#explains}}- {{component}}: {{title}} ({{count}})
{{/explains}}
{{id}}{{#team}} · {{team}}{{/team}}{{#on_call}} · on call: {{on_call}}{{/on_call}}
{{#url}}{{url}}
{{/url}})";

}  // namespace

std::string PlainText(const Notification& n, const std::string& own) {
  std::string text = FillTemplate(own.empty() ? kPlain : own, MessageData(n, {}));
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace culprit
