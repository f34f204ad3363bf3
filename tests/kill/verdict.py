"""What must hold when the queue has drained, whatever was killed when (RFC 5321 6.1, SMTP-02).

  * every recipient that was promised a message has it at least once, with the content that was sent;
  * nothing arrives that nobody sent, nothing arrives changed;
  * a second delivery has an excuse: the sink withheld its reply to the one before, or the process was killed between
    the reply and the record of it. Deliveries under way at once are limited (delivery.max_concurrent), so no kill
    excuses more than that many.
"""
import collections
import re

from program import MOST_UNDER_WAY, check

# The kernel hands our sink what a dead process had already written: such a connection looks as if it came after the kill.
AFTERMATH = 1.0


def by_recipient(deliveries):
    out = collections.defaultdict(list)
    for one in sorted(deliveries, key=lambda d: d.taken):
        out[one.id, one.recipient].append(one)
    return out


def judge_contents(book, deliveries):
    for one in deliveries:
        check(one.id in book.digests, f"a message arrived that nobody sent: id {one.id}")
        check(one.digest == book.digests[one.id], f"message {one.id} for {one.recipient} arrived changed")
        check(re.fullmatch(rb"Received: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*", one.prepended),
              f"message {one.id} has something else than one Received field on top: {one.prepended!r}")


def judge_losses(book, arrived):
    lost = [unit for unit in book.promised if unit not in arrived]
    check(not lost, f"LOST: {len(lost)} of {len(book.promised)} promised deliveries never came, like {lost[:5]}")


def excuse_of(before, again, kills):
    """The kill that lies between two deliveries of the same message, -1 for a withheld reply, None if there is no excuse."""
    if before.reply == "withheld":
        return -1
    between = [n for n, at in enumerate(kills) if before.opened - AFTERMATH <= at <= again.opened]
    return between[0] if between else None


def judge_duplicates(arrived, kills):
    """Returns how many second deliveries were excused by a withheld reply, and by each kill."""
    excuses = collections.Counter()
    for unit, deliveries in arrived.items():
        for before, again in zip(deliveries, deliveries[1:]):
            excuse = excuse_of(before, again, kills)
            check(excuse is not None, f"{unit} was delivered {len(deliveries)} times, and neither a lost reply nor a kill explains it: {deliveries}")
            excuses[excuse] += 1
    withheld = sum(1 for deliveries in arrived.values() for one in deliveries if one.reply == "withheld")
    check(excuses[-1] <= withheld, f"{excuses[-1]} duplicates for {withheld} lost replies")
    for n in range(len(kills)):
        check(excuses[n] <= MOST_UNDER_WAY, f"kill {n} made {excuses[n]} duplicates; only {MOST_UNDER_WAY} deliveries can have been under way")
    return excuses[-1], [excuses[n] for n in range(len(kills))]
