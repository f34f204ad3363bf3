#include "transcript.h"
namespace danewerk::transcripts {
std::string play_client(const std::vector<Line>&, std::size_t) { return {}; }
}
