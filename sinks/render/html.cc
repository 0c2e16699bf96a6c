// One self-contained page: style, D3, the report as JSON and the script that draws it (page/), all
// inline. The JSON cannot end its own element: every '<' in it is written \u003c.
#include "engine/base/views.h"
#include "sinks/render/page_files.h"
#include "sinks/render/render.h"

namespace culprit {

std::string EscapeForScript(std::string_view json) {
  std::string out;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '<')
      out += "\\u003c";
    else if (json.substr(i, 3) == "\xE2\x80\xA8" || json.substr(i, 3) == "\xE2\x80\xA9")
      out += json[i + 2] == '\xA8' ? "\\u2028" : "\\u2029", i += 2;
    else
      out += json[i];
  }
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string RenderHtml(const Report& report, const HtmlOptions& options) {
  std::string title = "culprit: no incident";
  for (const Incident& i : report.incidents) {
    if (i.state != IncidentState::kOpen && i.state != IncidentState::kResolved) continue;
    title = "culprit: " + i.title;
    break;
  }
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; "
      "script-src 'unsafe-inline'";
  if (!options.tail.empty()) out += "; connect-src 'self'";
  out += "\">\n<title>";
  out += EscapeHtml(title);
  out += "</title>\n<style>\n";
  out += PageFile("page.css");
  out += "</style>\n" + options.head + "</head>\n<body>\n<main data-home=\"" +
         EscapeHtml(options.home) + "\"><noscript><pre>";
  out += EscapeHtml(RenderText(report, TextOptions()));
  out += "</pre></noscript></main>\n<script type=\"application/json\" id=\"report\">";
  out += EscapeForScript(RenderJson(report, false));
  out += "</script>\n<script>\n";
  out += PageFile("d3.min.js");
  out += "</script>\n<script>\n";
  out += PageFile("page.js");
  out += "</script>\n" + options.tail + "</body>\n</html>\n";
  return out;
}

}  // namespace culprit
