"""What must hold when the queue has drained, whatever was killed when (RFC 5321 6.1, SMTP-02).

  * every recipient that was promised a message has it at least once, with the content that was sent;
  * where the recipient does not exist its sender has a notice of it at least once, and one only was ever written (SMTP-06);
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
NOTICE = "notice:"


def by_recipient(deliveries):
    out = collections.defaultdict(list)
    for one in sorted(deliveries, key=lambda d: d.taken):
        out[one.id, one.recipient].append(one)
    return out


def judge_contents(book, deliveries):
    for one in deliveries:
        if one.id.startswith(NOTICE):
            check(one.id[len(NOTICE):] in book.digests, f"a notice of a message that nobody sent: {one.id}")
            continue
        check(one.id in book.digests, f"a message arrived that nobody sent: id {one.id}")
        check(one.digest == book.digests[one.id], f"message {one.id} for {one.recipient} arrived changed")
        check(re.fullmatch(rb"Received: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*", one.prepended),
              f"message {one.id} has something else than one Received field on top: {one.prepended!r}")


def judge_losses(book, arrived):
    lost = [unit for unit in book.promised if unit not in arrived]
    check(not lost, f"LOST: {len(lost)} of {len(book.promised)} promised deliveries never came, like {lost[:5]}")


def judge_notices(book, arrived, notice_ids):
    """Returns how many there were."""
    silent = [unit for unit in book.owed if (NOTICE + unit[0], unit[1]) not in arrived]
    check(not silent, f"LOST: {len(silent)} of {len(book.owed)} senders were never told, like {silent[:5]}")
    twice = {unit: ids for unit, ids in notice_ids.items() if len(ids) > 1}
    check(not twice, f"more than one notice was written of the same failure: {twice}")
    return len(book.owed)


def excuses_of(before, again, kills):
    """The kills that lie between two deliveries of the same message: after the first began, before the second did."""
    return [n for n, at in enumerate(kills) if before.opened - AFTERMATH <= at <= again.opened]


def share_out(duplicates, kills, most):
    """Gives each duplicate one of its kills so that none gets more than `most`; None if there is no such way (then some
    duplicate has no excuse, however one counts). Augmenting paths: a full kill passes one of its own on."""
    of_kill = [[] for _ in kills]

    def place(candidates, tried):
        for n in candidates:
            if n in tried:
                continue
            tried.add(n)
            if len(of_kill[n]) < most:
                of_kill[n].append(candidates)
                return True
            for index, other in enumerate(of_kill[n]):
                if place(other, tried):
                    of_kill[n][index] = candidates
                    return True
        return False
    if not all(place(candidates, set()) for candidates in duplicates):
        return None
    return [len(these) for these in of_kill]


def judge_duplicates(arrived, kills):
    """Returns how many second deliveries were excused by a withheld reply, and by each kill."""
    withheld, by_kill = 0, []
    for unit, deliveries in arrived.items():
        for before, again in zip(deliveries, deliveries[1:]):
            if before.reply == "withheld":
                withheld += 1
                continue
            candidates = excuses_of(before, again, kills)
            check(candidates, f"{unit} was delivered {len(deliveries)} times, and neither a lost reply nor a kill explains it: {deliveries}")
            by_kill.append(candidates)
    shares = share_out(by_kill, kills, MOST_UNDER_WAY)
    check(shares is not None, f"{len(by_kill)} duplicates by {len(kills)} kills; at most {MOST_UNDER_WAY} deliveries can have been under way at each")
    return withheld, shares
