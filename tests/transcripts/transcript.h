// Transcripts: conversations as text files, replayed against the sessions.
//
//   # why this file exists, which rule it holds
//   = starttls no                     an option of the session under test
//   C: MAIL FROM:<a@a.example>        a line, CRLF added; \r \n \0 \xHH \\ are escapes
//   C< abc\n                          the same without CRLF added
//   C! STARTTLS\r\nRSET               always in one piece, whatever the piece size (CRLF added)
//   S: 250 2.1.0 sender ok            a line from the server
//   @ sender <a@a.example>            an event the session gave
//   ! tls                             something the driver does
//
// Whoever is not the session under test is played from the file (neighbouring lines are sent together, cut in pieces);
// everything the session says and every event is logged in the same notation, and the log must equal the file, line by
// line. A transcript passes only if it passes at every piece size: octets mean the same however they were cut.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace danewerk::transcripts {

struct Line {
  char who = ' ';   ///< 'C', 'S', '@', '!', '='
  char how = ':';   ///< ':' with CRLF, '<' raw, '!' one piece
  std::string text; ///< as written, escapes in place
};

/// Reads a file; comments and empty lines are left out. Aborts the test with a message where a line is none of the above.
std::vector<Line> read_transcript(const std::string& path);
/// Octets for a written text, and back.
std::string unescape(std::string_view text);
std::string escape(std::string_view octets);
/// Octets a line puts on the wire.
std::string wire(const Line& line);

/// The log of a play, in the notation of the file.
class Log {
 public:
  void echo(const Line& line);
  void event(const std::string& text) { lines_.push_back("@ " + text); }
  /// What the session sent, split at CRLF; a part without CRLF is logged as raw.
  void output(char who, std::string_view octets);
  std::string text() const;

 private:
  std::vector<std::string> lines_;
};

/// The file as the log of a perfect play would read.
std::string expected(const std::vector<Line>& lines);

/// Play the whole file; returns the log.
std::string play_server(const std::vector<Line>& lines, std::size_t piece);
std::string play_client(const std::vector<Line>& lines, std::size_t piece);

}  // namespace danewerk::transcripts
