"""Messages whose difficulty is the shape of their lines: dots, lengths, emptiness, white space.

These are where SMTP servers lose octets: dot transparency (RFC 5321 4.5.2), the 998 octet line (RFC 5322 2.1.1), a
body that is empty or only blank lines, text that looks like SMTP or like a header. Nothing here needs an extension.
"""

from lab.mail.message import Draft, Kit, RecipeBook, lines, text_fields

book = RecipeBook()
recipe = book.recipe


@recipe("plain-ascii", "ordinary text, no MIME header at all")
def plain_ascii(kit: Kit) -> Draft:
    return Draft("Minutes of the Monday meeting", kit.prose(4))


@recipe("plain-word", "one word")
def plain_word(kit: Kit) -> Draft:
    return Draft("ping", lines("ping"))


@recipe("lone-dot", "lines holding a lone dot amid text")
def lone_dot(kit: Kit) -> Draft:
    return Draft("A dot alone", kit.prose(1) + lines(".", "after the first dot", "", ".", "", ".", ".") + kit.prose(1))


@recipe("leading-dots", "lines that start with one, two, three dots")
def leading_dots(kit: Kit) -> Draft:
    rows = [".one", "..two", "...three", "..", "...", ". space", ".\ttab", " .not first", "....", ".cshrc", "./run"]
    return Draft("Dots first", lines("listing:", *rows, "end"))


@recipe("last-dot", "the last line is a dot")
def last_dot(kit: Kit) -> Draft:
    return Draft("Ends in a dot", kit.prose(1) + lines("."))


@recipe("first-dot", "the first body line is a dot")
def first_dot(kit: Kit) -> Draft:
    return Draft("Begins with a dot", lines(".", "..") + kit.prose(1))


@recipe("only-dot", "the body is one dot")
def only_dot(kit: Kit) -> Draft:
    return Draft("Only a dot", lines("."))


@recipe("dot-storm", "sixty thousand lone dots: a dot at every place a read may end")
def dot_storm(kit: Kit) -> Draft:
    return Draft("Storm", b".\r\n" * 60000)


@recipe("dots-shifting", "dot lines behind rows of every length from 0 to 600")
def dots_shifting(kit: Kit) -> Draft:
    return Draft("Shifting", b"".join(b"x" * width + b"\r\n.\r\n" for width in range(601)))


@recipe("empty-body", "a header, the empty line, nothing")
def empty_body(kit: Kit) -> Draft:
    return Draft("EOM", b"")


@recipe("headers-only", "a header without even the empty line (RFC 5322 3.5: the body is optional)")
def headers_only(kit: Kit) -> Draft:
    return Draft("Nothing below", None)


@recipe("blank-body", "a body of five empty lines")
def blank_body(kit: Kit) -> Draft:
    return Draft("Blank", b"\r\n" * 5)


@recipe("trailing-blanks", "text, then forty empty lines")
def trailing_blanks(kit: Kit) -> Draft:
    return Draft("Long silence", kit.prose(1) + b"\r\n" * 40)


@recipe("leading-blanks", "forty empty lines, then text")
def leading_blanks(kit: Kit) -> Draft:
    return Draft("Late start", b"\r\n" * 40 + kit.prose(1))


@recipe("no-final-newline", "the last line lacks its CRLF")
def no_final_newline(kit: Kit) -> Draft:
    return Draft("Cut short", kit.prose(1) + b"and here it stops")


@recipe("lines-998", "lines of exactly 998 octets, and of 997")
def lines_998(kit: Kit) -> Draft:
    rows = ["x" * 998, "y" * 997, "", "z" * 998, kit.token(998), " " * 997 + "|"]
    return Draft("As long as allowed", lines(*rows), text_fields())


@recipe("lines-998-dot", "lines of exactly 998 octets that start with a dot: 1001 on the wire")
def lines_998_dot(kit: Kit) -> Draft:
    return Draft("Long with a dot", lines("." + "x" * 997, "." * 998, "tail", "." + kit.token(997)))


@recipe("odd-whitespace", "tabs, trailing blanks, form feed, vertical tab, lines of spaces")
def odd_whitespace(kit: Kit) -> Draft:
    rows = ["\ttab first", "tab\tinside\t", "trailing   ", "   ", "\t", " \t \t", "form\ffeed", "\f", "vert\vtab",
            "  two  two  "]
    return Draft("White  space\tin a  subject ", lines(*rows, "end"),
            below=[("X-Odd", "  two spaces, a tab\tand a tail \t")])


@recipe("control-characters", "every 7-bit control but NUL, CR, LF")
def control_characters(kit: Kit) -> Draft:
    rows = [f"<{chr(code)}> is {code}" for code in [*range(1, 32), 127] if code not in (10, 13)]
    return Draft("Bells", lines(*rows))


@recipe("from-lines", "lines that start with 'From ' and '>From '")
def from_lines(kit: Kit) -> Draft:
    rows = ["From here on it rains.", ">From there too.", ">>From twice",
            "From foreign.example Mon Jan  5 08:00:00 2026", "", "From x"]
    return Draft("From me to you", lines(*rows))


@recipe("many-lines", "twenty thousand short lines")
def many_lines(kit: Kit) -> Draft:
    return Draft("Log of the night", b"".join(b"%06d relay held\r\n" % number for number in range(20000)))


@recipe("smtp-lookalike", "a body that is an SMTP session, smuggling attempts quoted")
def smtp_lookalike(kit: Kit) -> Draft:
    rows = ["EHLO evil.example", "MAIL FROM:<a@foreign.example>", "RCPT TO:<b@contoso.lab>", "DATA", "Subject: inner",
            "", "hello", ".",
            "QUIT", ".QUIT", "RSET", "250 2.0.0 Ok: queued", "354 go ahead", "STARTTLS", "BDAT 10 LAST", "..", ".",
            "MAIL FROM:<>"]
    return Draft("A transcript", lines(*rows))


@recipe("header-lookalike", "a body whose first lines look like a header, trace lines included")
def header_lookalike(kit: Kit) -> Draft:
    rows = ["Received: from nowhere by nobody; Mon, 5 Jan 2026 08:00:00 +0000", "Return-Path: <x@foreign.example>",
            "Subject: not this one",
            "Content-Type: text/html", "X-Lab-Id: somebody-else", "", "text"]
    return Draft("Two headers?", lines(*rows))


@recipe("format-flowed", "format=flowed with space-stuffed and quoted lines (RFC 3676)")
def format_flowed(kit: Kit) -> Draft:
    rows = ["> > quoted twice and flowing ", "> > on.", "> once", "", "A flowed paragraph that ",
            "runs over two lines.", " From stuffed",
            "  >not a quote", " ", "-- ", "Lab"]
    return Draft("Re: flow", lines(*rows), [("Content-Type", "text/plain; charset=us-ascii; format=flowed; delsp=no")])


@recipe("uuencoded", "an old uuencoded file in plain text")
def uuencoded(kit: Kit) -> Draft:
    import binascii

    rows = b"".join(binascii.b2a_uu(kit.octets(45))[:-1] + b"\r\n" for _ in range(120))
    return Draft("File enclosed", lines("begin 644 data.bin") + rows + lines("`", "end"))


@recipe("five-recipients", "one message, five envelope recipients")
def five_recipients(kit: Kit) -> Draft:
    people = tuple(f"{name}@contoso.lab" for name in ("anna", "bert", "carla", "dora", "emil"))
    return Draft("To all five", kit.prose(1), to=", ".join(people), recipients=people)
