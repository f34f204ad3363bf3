"""The lookup matrix of RFC 7672 against real signed zones and real hosts; lab/matrix runs it, README.md beside lab/ tells more."""
