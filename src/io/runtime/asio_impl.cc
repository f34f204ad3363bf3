// Boost.Asio's own functions, compiled once for the whole program instead of in every translation unit.
#include <boost/asio/impl/src.hpp>
