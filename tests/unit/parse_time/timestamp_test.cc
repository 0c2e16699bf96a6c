// Every format against absl::FormatTime/ParseTime as the slow oracle, then the rules one by one.
#include "engine/parse/time/timestamp.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/parse/time/local_zone.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace culprit {
namespace {

// Parses from a heap copy of exactly the text's size, so that a sanitizer sees any read behind it.
bool Parse(const std::string& text, ParsedTime* out, const TimeOptions& options = {}) {
  std::vector<char> exact(text.begin(), text.end());
  return ParseTime({exact.data(), exact.size()}, options, out);
}

TimeUs At(const std::string& rfc3339) {
  absl::Time t;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &t, &error)) << rfc3339 << error;
  return absl::ToUnixMicros(t);
}

// What a case's text says, and how exact it is.
enum Precision : int64_t { kUs = 1, kMs = 1000, kS = 1000000 };
struct Case {
  const char* absl_format;  // of the civil time; {frac9}, {frac3}... are filled in by hand
  TimeFormat format;
  Precision precision;
  bool utc_in_text = false;  // the text states its zone
};

constexpr Case kCases[] = {
    {"%Y-%m-%dT%H:%M:%E6SZ", TimeFormat::kIso, kUs, true},
    {"%Y-%m-%dT%H:%M:%E9SZ", TimeFormat::kIso, kUs, true},
    {"%Y-%m-%dT%H:%M:%E3Sz", TimeFormat::kIso, kMs, true},
    {"%Y-%m-%dt%H:%M:%E1SZ", TimeFormat::kIso, static_cast<Precision>(100000), true},
    {"%Y-%m-%d %H:%M:%S", TimeFormat::kIso, kS},
    {"%Y-%m-%d_%H:%M:%S", TimeFormat::kIso, kS},
    {"%Y-%m-%d %H:%M:%E6S UTC", TimeFormat::kIso, kUs, true},
    {"%Y-%m-%d %H:%M:%E3S GMT", TimeFormat::kIso, kMs, true},
    {"%Y-%m-%d %H:%M:%E6S+00", TimeFormat::kIso, kUs, true},
    {"%Y-%m-%d %H:%M:%E6S +0000 UTC", TimeFormat::kIso, kUs, true},
    {"%Y-%m-%dT%H:%M:%E6S-00:00", TimeFormat::kIso, kUs, true},
    {"%Y%m%dT%H%M%SZ", TimeFormat::kIsoCompact, kS, true},
    {"%Y%m%dT%H%M%E6SZ", TimeFormat::kIsoCompact, kUs, true},
    {"%Y/%m/%d %H:%M:%E6S", TimeFormat::kSlashYmd, kUs},
    {"%Y/%m/%d %H:%M:%S", TimeFormat::kSlashYmd, kS},
    {"%b %e %Y %H:%M:%E3S", TimeFormat::kSyslogYear, kMs},
    {"%b %d %Y %H:%M:%S", TimeFormat::kSyslogYear, kS},
    {"%Y %b %e %H:%M:%E3S", TimeFormat::kYearSyslog, kMs},
    {"%d/%b/%Y:%H:%M:%S +0000", TimeFormat::kClf, kS, true},
    {"%d/%b/%Y:%H:%M:%E3S", TimeFormat::kClf, kMs},
    {"%a %b %d %H:%M:%E6S %Y", TimeFormat::kCtime, kUs},
    {"%a %b %e %H:%M:%S %Y", TimeFormat::kCtime, kS},
    {"%a %b %e %H:%M:%S UTC %Y", TimeFormat::kCtime, kS, true},
    {"%Y%m%d %H:%M:%E6S", TimeFormat::kGlogYear, kUs},
    {"%d %b %Y %H:%M:%E3S", TimeFormat::kDayMonYear, kMs},
    {"%d-%b-%Y %H:%M:%S", TimeFormat::kDayMonYear, kS},
    {"%a, %d %b %Y %H:%M:%S +0000", TimeFormat::kRfc2822, kS, true},
    {"%a, %d %b %Y %H:%M:%S GMT", TimeFormat::kRfc2822, kS, true},
    {"%Y-%m-%d-%H.%M.%E6S", TimeFormat::kBgl, kUs},
    {"%m/%d/%Y %I:%M:%S %p", TimeFormat::kUsSlash, kS},
    {"%m/%d/%Y %H:%M:%S", TimeFormat::kUsSlash, kS},
    {"%m/%d/%Y, %I:%M:%S %p", TimeFormat::kUsSlash, kS},
    {"%d.%m.%Y %H:%M:%E3S", TimeFormat::kDotDmy, kMs},
    {"%s", TimeFormat::kEpoch, kS, true},
};

// Two-digit years: 1970-2069 only.
constexpr Case kShortYearCases[] = {
    {"%y/%m/%d %H:%M:%S", TimeFormat::kShortYmd, kS},
    {"%y/%m/%d %H:%M:%E3S", TimeFormat::kShortYmd, kMs},
    {"%y%m%d %H%M%S", TimeFormat::kHdfs, kS},
    {"%y%m%d %k:%M:%S", TimeFormat::kMySql5, kS},
};

// No year: the reference is within a year behind the time.
constexpr Case kNoYearCases[] = {
    {"%b %e %H:%M:%S", TimeFormat::kSyslog, kS},
    {"%b %d %H:%M:%E6S", TimeFormat::kSyslog, kUs},
    {"%m%d %H:%M:%E6S", TimeFormat::kKlog, kUs},
    {"[%m.%d %H:%M:%S]", TimeFormat::kProxifier, kS},
    {"%m-%d %H:%M:%E3S", TimeFormat::kMonthDay, kMs},
};

TimeUs RandomTime(std::mt19937_64& random, int from_year, int to_year) {
  const int64_t low =
      absl::ToUnixMicros(absl::FromCivil(absl::CivilDay(from_year), absl::UTCTimeZone()));
  const int64_t high =
      absl::ToUnixMicros(absl::FromCivil(absl::CivilDay(to_year), absl::UTCTimeZone()));
  TimeUs t = low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low));
  if (random() % 8 == 0) {  // the days around a leap day and a year's end
    const int year = absl::ToCivilYear(absl::FromUnixMicros(t), absl::UTCTimeZone()).year();
    const absl::CivilDay day =
        random() % 2 == 0 ? absl::CivilDay(year, 2, 28) : absl::CivilDay(year, 12, 31);
    t = absl::ToUnixMicros(absl::FromCivil(day, absl::UTCTimeZone())) +
        static_cast<int64_t>(random() % static_cast<uint64_t>(2 * kDayUs));
    t = std::min(t, high - 1);
  }
  return t;
}

std::string Format(const char* format, TimeUs local) {
  return absl::FormatTime(format, absl::FromUnixMicros(local), absl::UTCTimeZone());
}

// Checks one case in all the ways in: whole text, with a tail, by format, by search, through the
// cache.
void Check(const Case& c, TimeUs local, const TimeOptions& options, TimeCache* cache) {
  const std::string text = Format(c.absl_format, local);
  const TimeUs civil = local - local % c.precision;
  const TimeUs expected = c.utc_in_text ? civil : civil - options.zone_offset_us;
  for (const char* tail : {"", " host x", "] y", "\tz"}) {
    ParsedTime t;
    ASSERT_TRUE(Parse(text + tail, &t, options)) << text << tail;
    ASSERT_EQ(t.time, expected) << text << tail;
    ASSERT_EQ(t.format, c.format) << text;
    ASSERT_EQ(t.length, text.size()) << text << tail;
    ASSERT_EQ(t.had_zone, c.utc_in_text) << text;
    ASSERT_TRUE(t.had_date);
    ParsedTime again;
    ASSERT_TRUE(cache->ParseAs(c.format, text + tail, &again)) << text;
    ASSERT_EQ(again.time, expected) << text;
    ASSERT_EQ(again.length, t.length);
  }
  ParsedTime t;
  size_t begin = 99;
  ASSERT_TRUE(FindTime(text + " and more", options, &t, &begin)) << text;
  ASSERT_EQ(begin, 0u) << text;
  ASSERT_EQ(t.time, expected) << text;
  const std::string line = absl::StrCat("app (web) [", text, "] more");
  if (c.format != TimeFormat::kProxifier) {
    ASSERT_TRUE(FindTime(line, options, &t, &begin)) << line;
    ASSERT_EQ(begin, 11u) << line;
    ASSERT_EQ(t.time, expected) << line;
  }
  TimeUs value = 0;
  ASSERT_TRUE(ParseTimeValue(text, options, &value)) << text;
  ASSERT_EQ(value, expected) << text;
}

TEST(Timestamp, EveryFormatWithAYearAgreesWithAbsl) {
  std::mt19937_64 random(1);
  for (const Case& c : kCases) {
    for (const DurationUs zone : {int64_t{0}, 2 * kHourUs, -(5 * kHourUs + 30 * kMinuteUs)}) {
      const TimeOptions options{.zone_offset_us = zone};
      TimeCache cache(options);
      // Epoch text of ten digits begins in 2001.
      const int from = c.format == TimeFormat::kEpoch ? 2002 : 1970;
      for (int i = 0; i < 700; ++i) {
        Check(c, RandomTime(random, from, 2100), options, &cache);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Timestamp, TwoDigitYearsAre1970To2069) {
  std::mt19937_64 random(2);
  for (const Case& c : kShortYearCases) {
    TimeCache cache;
    for (int i = 0; i < 2000; ++i) {
      Check(c, RandomTime(random, 1970, 2070), {}, &cache);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Timestamp, AMissingYearIsTheLatestNotMoreThanADayAfterTheReference) {
  std::mt19937_64 random(3);
  for (const Case& c : kNoYearCases) {
    for (int i = 0; i < 2000; ++i) {
      const TimeUs local = RandomTime(random, 1972, 2095);
      // Any reference from a day before the second that is printed to the same date a year later.
      const TimeUs whole = local - local % c.precision;
      const int64_t span = 364 * kDayUs;
      TimeOptions options;
      options.reference =
          whole - kDayUs + static_cast<int64_t>(random() % static_cast<uint64_t>(span));
      TimeCache cache(options);
      Check(c, local, options, &cache);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Timestamp, TheYearOfFebruary29IsALeapYear) {
  ParsedTime t;
  ASSERT_TRUE(Parse("Feb 29 10:00:00 x", &t, {.reference = At("2026-11-21T00:00:00Z")}));
  EXPECT_EQ(t.time, At("2024-02-29T10:00:00Z"));
  EXPECT_FALSE(t.had_year);
  ASSERT_TRUE(Parse("Feb 29 10:00:00 x", &t, {.reference = At("2103-03-01T00:00:00Z")}));
  EXPECT_EQ(t.time, At("2096-02-29T10:00:00Z"));
  ASSERT_TRUE(Parse("Feb 29 10:00:00 x", &t));  // no reference: 2000
  EXPECT_EQ(t.time, At("2000-02-29T10:00:00Z"));
}

TEST(Timestamp, ADayBehindTheReferenceDecidesTheYear) {
  const TimeOptions options{.reference = At("2026-12-31T12:00:00Z")};
  ParsedTime t;
  ASSERT_TRUE(Parse("Jan  1 12:00:00 x", &t, options));
  EXPECT_EQ(t.time, At("2027-01-01T12:00:00Z"));
  ASSERT_TRUE(Parse("Jan  1 12:00:01 x", &t, options));
  EXPECT_EQ(t.time, At("2026-01-01T12:00:01Z"));
}

struct Example {
  const char* text;
  const char* time;   // RFC 3339
  size_t length = 0;  // 0: the whole text
};

TEST(Timestamp, VariantsByExample) {
  const Example examples[] = {
      {"2026-11-21T06:51:05.123456789012Z", "2026-11-21T06:51:05.123456Z"},
      {"2026-11-21 06:51:05,123", "2026-11-21T06:51:05.123Z"},
      {"2026-11-21 06:51:05:123 x", "2026-11-21T06:51:05.123Z", 23},
      {"2026-11-21 06:51:05: text", "2026-11-21T06:51:05Z", 19},
      {"2026-11-21 06:51:05, Info", "2026-11-21T06:51:05Z", 19},
      {"2026-11-21T06:51:05+01:30", "2026-11-21T05:21:05Z"},
      {"2026-11-21T06:51:05-0800", "2026-11-21T14:51:05Z"},
      {"2026-11-21T06:51:05+02", "2026-11-21T04:51:05Z"},
      {"2026-11-21 06:51:05.5 +0100 CET m=+0.1", "2026-11-21T05:51:05.5Z", 31},
      {"2026-11-21 06:51:05.123 CET [123] LOG", "2026-11-21T05:51:05.123Z", 27},
      {"2026-11-21 06:51:05.123 EST:", "2026-11-21T11:51:05.123Z", 27},
      {"2026-11-21 06:51:05.123 ERROR x", "2026-11-21T06:51:05.123Z", 23},
      {"2026-11-21 06:51:05.123 - INFO", "2026-11-21T06:51:05.123Z", 23},
      {"2026-11-21 06:51:05 -1234 connections", "2026-11-21T06:51:05Z", 19},
      {"2026-11-21 06:51:05-12345", "2026-11-21T06:51:05Z", 19},
      {"2026-11-21 06:51:05 GMT+2", "2026-11-21T06:51:05Z", 23},
      {"2026-11-21T06:51Z", "2026-11-21T06:51:00Z"},
      {"2026-11-21T23:59:60Z", "2026-11-22T00:00:00Z"},
      {"2026-11-21T06:51:05.Z", "2026-11-21T06:51:05Z", 19},
      {"161121  6:51:05 [Note]", "2016-11-21T06:51:05Z", 15},
      {"161121 16:51:05 [Note]", "2016-11-21T16:51:05Z", 15},
      {"20171223-22:15:29:606|Step", "2017-12-23T22:15:29.606Z", 21},
      {"20171223-0:5:9:7|Step", "2017-12-23T00:05:09.007Z", 16},
      {"2005-06-03-15.42.50.675872 R02", "2005-06-03T15:42:50.675872Z", 26},
      {"081109 203615 148 INFO", "2008-11-09T20:36:15Z", 13},
      {"26/11/21 06:51:05 INFO", "2026-11-21T06:51:05Z", 17},
      {"21-NOV-2026 06:51:05", "2026-11-21T06:51:05Z"},
      {"21-nov-2026 06:51:05", "2026-11-21T06:51:05Z"},
      {"1 Nov 2026 06:51:05.123 # x", "2026-11-01T06:51:05.123Z", 23},
      {"13/11/2026 06:51:05", "2026-11-13T06:51:05Z"},  // no 13th month: the day is first
      {"1/2/2026 6:51:05 AM", "2026-01-02T06:51:05Z"},
      {"1/2/2026 12:51:05 AM", "2026-01-02T00:51:05Z"},
      {"1/2/2026 12:51:05 pm", "2026-01-02T12:51:05Z"},
      {"1700000000 x", "2023-11-14T22:13:20Z", 10},
      {"1700000000.123 x", "2023-11-14T22:13:20.123Z", 14},
      {"1700000000123 x", "2023-11-14T22:13:20.123Z", 13},
      {"1700000000123456", "2023-11-14T22:13:20.123456Z"},
      {"1700000000123456789", "2023-11-14T22:13:20.123456Z"},
      {"Sat, 21 Nov 2026 06:51:05 +0200", "2026-11-21T04:51:05Z"},
      {"Sat Nov 21 06:51:05 CET 2026] x", "2026-11-21T05:51:05Z", 28},
  };
  for (const Example& e : examples) {
    ParsedTime t;
    ASSERT_TRUE(Parse(e.text, &t)) << e.text;
    EXPECT_EQ(t.time, At(e.time)) << e.text;
    EXPECT_EQ(t.length, e.length == 0 ? std::strlen(e.text) : e.length) << e.text;
  }
}

TEST(Timestamp, TimesWithoutADateSaySo) {
  ParsedTime t;
  ASSERT_TRUE(Parse("16:42:10.175 x", &t));
  EXPECT_EQ(t.format, TimeFormat::kTimeOfDay);
  EXPECT_FALSE(t.had_date);
  EXPECT_EQ(t.time, 16 * kHourUs + 42 * kMinuteUs + 10 * kSecondUs + 175000);
  EXPECT_EQ(t.length, 12);
  ASSERT_TRUE(Parse("[ 1234.567890] usb", &t));
  EXPECT_EQ(t.format, TimeFormat::kKernel);
  EXPECT_FALSE(t.had_date);
  EXPECT_EQ(t.time, 1234567890);
  EXPECT_EQ(t.length, 14);
  TimeUs value = 0;
  EXPECT_FALSE(ParseTimeValue("16:42:10.175", {}, &value));
}

TEST(Timestamp, WhatIsNoTimeIsRefused) {
  for (const char* text : {
           "",
           "2",
           "2026",
           "2026-11-21",
           "2026-13-21T06:51:05Z",
           "2026-00-21T06:51:05Z",
           "2026-02-30T06:51:05Z",
           "2026-02-29T06:51:05Z",
           "2100-02-29T06:51:05Z",
           "2026-11-00T06:51:05Z",
           "2026-11-21T24:51:05Z",
           "2026-11-21T06:60:05Z",
           "2026-11-21T06:51:61Z",
           "2026-11-21T06:51:051",
           "0001-01-01T00:00:00Z",
           "1969-12-31T23:59:59Z",
           "2026-11-21X06:51:05",
           "2026-11-2106:51:05",
           "Nov 31 06:51:05 x",
           "Nox 21 06:51:05 x",
           "Nov 21 25:51:05 x",
           "Nov 6:51:05",
           "32/Nov/2026:06:51:05 +0000",
           "1332 06:51:05.1",
           "[13.30 16:49:06]",
           "[ 1234.5678]",
           "[error] x",
           "[1234]",
           "161321  6:51:05",
           "081309 203615",
           "17000000001",
           "170000000",
           "99999999999999999999",
           "9999999999",
           "0000000000",
           "12:34",
           "12:34:56:78:9a:bc",
           "31/31/2026 06:51:05",
           "1/2/2026 13:51:05 PM",
           "Sat, 21 Foo 2026 06:51:05",
           "20261321T065105Z",
           "20261121-25:15:29:606",
           "2005-06-03-15.42.61.1",
           "March of time",
           "second thoughts",
           "32.01.2026 06:51:05",
       }) {
    ParsedTime t;
    EXPECT_FALSE(Parse(text, &t)) << text << " -> " << TimeFormatName(t.format);
    EXPECT_EQ(t.time, kNoTime);
  }
}

TEST(FindTime, PrefersAFullDateAndFindsItInTheWindow) {
  struct {
    const char* line;
    size_t begin;
    TimeFormat format;
  } const cases[] = {
      {"I1121 06:51:05.123456       1 main.go:1] x", 1, TimeFormat::kKlog},
      {"E20261121 06:51:05.123456 123 x.cc:1] x", 1, TimeFormat::kGlogYear},
      {"[2026-11-21T06:51:05,123][WARN ][o.e.c] x", 1, TimeFormat::kIso},
      {"- 1117838570 2005.06.03 R02 2005-06-03-15.42.50.675872 R02", 28, TimeFormat::kBgl},
      {"x.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO", 28, TimeFormat::kIso},
      {"1:M 21 Nov 2026 06:51:05.123 # Server", 4, TimeFormat::kDayMonYear},
      {"<34>Nov 21 06:51:05 host su: x", 4, TimeFormat::kSyslog},
      {"10.0.0.1 - - [21/Nov/2026:06:51:05 +0000] \"GET / HTTP/1.1\" 200", 14, TimeFormat::kClf},
      {"[Sat Nov 21 06:51:05.123456 2026] [core:error] x", 1, TimeFormat::kCtime},
      {"level=[E] time=2026-11-21T06:51:05.123Z program=x", 15, TimeFormat::kIso},
      {"16:42:10.175 [main] INFO x", 0, TimeFormat::kTimeOfDay},
      {"16:42:10.175 2026-11-21 06:51:05 x", 13, TimeFormat::kIso},
      {"134681 node-246 unix.hw state 1077804742 1 Component", 30, TimeFormat::kEpoch},
      {"[ 1234.567890] usb 1-1: reset", 0, TimeFormat::kKernel},
      {"{\"ts\":\"2026-11-21T06:51:05Z\"}", 7, TimeFormat::kIso},
      {"W, [2026-11-21T06:51:05.123456 #123]  WARN -- : x", 4, TimeFormat::kIso},
  };
  for (const auto& c : cases) {
    ParsedTime t;
    size_t begin = 0;
    ASSERT_TRUE(FindTime(c.line, {.reference = At("2026-11-21T12:00:00Z")}, &t, &begin)) << c.line;
    EXPECT_EQ(begin, c.begin) << c.line;
    EXPECT_EQ(t.format, c.format) << c.line << " " << TimeFormatName(t.format);
  }
}

TEST(FindTime, DoesNotInventTimes) {
  for (const char* line : {
           "",
           "connection from 10.0.0.1:5432 refused",
           "java.lang.IllegalStateException: March",
           "\tat com.example.Foo.bar(Foo.java:123)",
           "mac 12:34:56:78:9a:bc up",
           "id 1234567890abc done",
           "request 550e8400-e29b-41d4-a716-446655440000 failed",
           "took 12:34 minutes",
           "version 1.2.2026",
           "phone 0123456789",
           "fe80::1:12:34:56:78",
       }) {
    ParsedTime t;
    size_t begin = 0;
    EXPECT_FALSE(FindTime(line, {}, &t, &begin)) << line << " " << TimeFormatName(t.format);
  }
  ParsedTime t;
  size_t begin = 0;
  EXPECT_FALSE(FindTime(std::string(96, ' ') + "2026-11-21 06:51:05", {}, &t, &begin));
  EXPECT_TRUE(FindTime(std::string(95, ' ') + "2026-11-21 06:51:05", {}, &t, &begin));
  EXPECT_EQ(begin, 95u);
}

TEST(ParseTimeValue, TellsEpochUnitsByMagnitude) {
  struct {
    const char* text;
    TimeUs time;
  } const cases[] = {
      {"1700000000", 1700000000000000},
      {"1700000000.123456789", 1700000000123456},
      {"1700000000123", 1700000000123000},
      {"1700000000123.5", 1700000000123500},
      {"1700000000123456", 1700000000123456},
      {"1700000000123456789", 1700000000123456},
      {"1.700000000123456e9", 1700000000123456},
      {"1.7E+09", 1700000000000000},
      {"1.700000000123456e+15", 1700000000123456},
      {"17e8", 1700000000000000},
      {"999999999", 999999999000000},
      {" 1700000000 ", 1700000000000000},
      {"2026-11-21T06:51:05Z ", 1795243865000000},
  };
  for (const auto& c : cases) {
    TimeUs t = 0;
    ASSERT_TRUE(ParseTimeValue(c.text, {}, &t)) << c.text;
    EXPECT_EQ(t, c.time) << c.text;
  }
  for (const char* text : {"", "0", "12.5", "-1700000000", "1700000000x", "1e", "1e999", ".", "e9",
                           "0.0000000001", "1700000000.1.2", "NaN", "99999999999999999999999",
                           "2026-11-21T06:51:05Z extra", "16:42:10", "12345678"}) {
    TimeUs t = 0;
    EXPECT_FALSE(ParseTimeValue(text, {}, &t)) << text << " " << t;
  }
}

TEST(ParseTimeValue, EqualsAnExactDecimalOracleOnRandomNumbers) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    const TimeUs us = RandomTime(random, 1974, 2200);
    const std::string seconds = std::to_string(us / kSecondUs);
    std::string micros = std::to_string(us % kSecondUs + kSecondUs).substr(1);
    TimeUs t = 0;
    ASSERT_TRUE(ParseTimeValue(seconds + "." + micros, {}, &t));
    ASSERT_EQ(t, us);
    std::string digits = seconds + micros;
    ASSERT_TRUE(ParseTimeValue(
        digits.substr(0, 1) + "." + digits.substr(1) + "e" + std::to_string(seconds.size() - 1), {},
        &t));
    ASSERT_EQ(t, us);
    if (us >= 100'000'000'000'000) {
      ASSERT_TRUE(ParseTimeValue(std::to_string(us), {}, &t));
      ASSERT_EQ(t, us);
    }
  }
}

// Random edits of real texts: the cache must say what the plain parser says, whatever came before.
TEST(TimeCache, EqualsParseTimeAsOnMutatedStreams) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 400; ++round) {
    const TimeOptions options{.zone_offset_us = kHourUs, .reference = At("2030-01-01T00:00:00Z")};
    TimeCache cache(options);
    TimeUs now = RandomTime(random, 2000, 2029);
    const TimeFormat format =
        static_cast<TimeFormat>(random() % static_cast<uint64_t>(TimeFormat::kCount));
    for (int i = 0; i < 60; ++i) {
      now += static_cast<int64_t>(random() % 3) * 400000;
      const Case& c = kCases[random() % std::size(kCases)];
      std::string text = Format(c.absl_format, now);
      if (random() % 3 == 0) text[random() % text.size()] = "0123456789 :-Z.,T+"[random() % 18];
      if (random() % 5 == 0) text.resize(random() % (text.size() + 1));
      const TimeFormat used = random() % 4 == 0 ? format : c.format;
      ParsedTime slow, fast;
      const bool slow_ok = ParseTimeAs(used, text, options, &slow);
      ASSERT_EQ(cache.ParseAs(used, text, &fast), slow_ok) << text;
      ASSERT_EQ(fast.time, slow.time) << text;
      ASSERT_EQ(fast.length, slow.length) << text;
      ASSERT_EQ(fast.had_zone, slow.had_zone) << text;
      ASSERT_EQ(fast.had_year, slow.had_year) << text;
    }
  }
}

TEST(LocalZone, AgreesWithAbslAcrossEveryTransition) {
  std::mt19937_64 random(11);
  for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                           "Asia/Kolkata", "America/Sao_Paulo", "UTC"}) {
    absl::TimeZone tz;
    ASSERT_TRUE(absl::LoadTimeZone(name, &tz));
    absl::StatusOr<LocalZone> zone = LocalZone::Load(name);
    ASSERT_TRUE(zone.ok()) << zone.status();
    std::vector<absl::CivilSecond> civils;
    for (int i = 0; i < 2000; ++i) {
      const absl::Time t = absl::FromUnixMicros(RandomTime(random, 1971, 2099));
      civils.push_back(absl::ToCivilSecond(t, tz));
      absl::TimeZone::CivilTransition change;
      if (tz.NextTransition(t, &change) && change.to.year() < 2099) {
        const int64_t nudge = static_cast<int64_t>(random() % 14400) - 7200;
        civils.push_back(change.to + nudge);
        civils.push_back(change.from + nudge);
      }
    }
    for (const absl::CivilSecond& civil : civils) {
      const TimeUs local = absl::ToUnixMicros(absl::FromCivil(civil, absl::UTCTimeZone()));
      ASSERT_EQ(absl::FromUnixMicros(local - zone->OffsetAtLocal(local)), tz.At(civil).pre)
          << name << " " << absl::FormatCivilTime(civil);
    }
  }
}

TEST(LocalZone, TakesFixedOffsetsAndRefusesUnknownNames) {
  EXPECT_EQ(LocalZone::Load("+05:30")->OffsetAtLocal(0), 5 * kHourUs + 30 * kMinuteUs);
  EXPECT_EQ(LocalZone::Load("-0800")->OffsetAtLocal(0), -8 * kHourUs);
  EXPECT_FALSE(LocalZone::Load("Mars/Olympus").ok());
  EXPECT_FALSE(LocalZone::Load("+99:00").ok());
  const LocalZone berlin = *LocalZone::Load("Europe/Berlin");
  ParsedTime t;
  ASSERT_TRUE(Parse("2026-07-01 12:00:00", &t, {.local_zone = &berlin}));
  EXPECT_EQ(t.time, At("2026-07-01T10:00:00Z"));
}

TEST(Timestamp, NamesAreDistinct) {
  std::vector<std::string_view> names;
  for (int i = 0; i < static_cast<int>(TimeFormat::kCount); ++i) {
    names.push_back(TimeFormatName(static_cast<TimeFormat>(i)));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace culprit
