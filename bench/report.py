"""Medians, ratios and the markdown table of a comparison."""
import os
import statistics

FIGURES = ("accepted_per_second", "relayed_per_second", "delivered_per_second", "cpu_us", "resolver_us", "load_us",
           "transaction_p50", "transaction_p95", "transaction_p99", "first_p95",
           "others_share", "tools_us", "messages_per_connection", "resumed_share")


def case_name(case: dict) -> str:
    size = f"{case['size'] // 1024} KiB"
    if case["direction"] == "out":
        words = {"full": "one a connection", "resumed": "one a connection, resumed", "reuse": "twenty a connection"}[case["way"]]
        return f"out, {size}, {words}, {case['connections']} connections, {case['domains']:,} domains"
    more = ("" if case["quickack"] else ", no quickack") + (", resumed" if case["resume"] else "")
    return f"in, {size}, {case['per_connection']} a connection, {case['connections']} connections{more}"


def summary(runs: list[dict]) -> list[dict]:
    """One row a (case, server): median, least and greatest of each figure over its runs."""
    rows: dict[tuple, list[dict]] = {}
    for run in runs:
        rows.setdefault((case_name(run["case"]), run["server"]), []).append(run)
    out = []
    for (case, server), members in rows.items():
        row = {"case": case, "server": server, "runs": len(members)}
        for figure in FIGURES:
            values = [m[figure] for m in members if figure in m]
            if values:
                row[figure] = {"median": statistics.median(values), "least": min(values), "greatest": max(values)}
        out.append(row)
    return out


def speed_of(row: dict) -> dict:
    """What counts as messages a second: through to the sink's last 250 where there is one."""
    for figure in ("delivered_per_second", "relayed_per_second", "accepted_per_second"):
        if figure in row:
            return row[figure]
    raise KeyError("no speed in " + str(row))


def cell(value: dict, digits: int = 0) -> str:
    return f"{value['median']:,.{digits}f} ({value['least']:,.{digits}f}–{value['greatest']:,.{digits}f})"


def markdown(runs: list[dict], yardsticks: dict) -> str:
    lines = ["| case | server | runs | messages/s | accepted/s | CPU µs/message | resolver µs | sink and generator µs | p50 / p95 / p99 ms | others |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    rows = summary(runs)
    for row in rows:
        spread = " / ".join(f"{row[f]['median']:.1f}" for f in ("transaction_p50", "transaction_p95", "transaction_p99")
                            if f in row)
        accepted = cell(row["accepted_per_second"]) if "accepted_per_second" in row else ""
        resolver = f"{row['resolver_us']['median']:.0f}" if "resolver_us" in row else ""
        lines.append(f"| {row['case']} | {row['server']} | {row['runs']} | {cell(speed_of(row))} | {accepted} | "
                     f"{cell(row['cpu_us'])} | {resolver} | {row['tools_us']['median']:.0f} | {spread} | {row['others_share']['median']:.0%} |")
    lines += ["", *ratios(rows, bare_rate(yardsticks))]
    if yardsticks:
        shake = yardsticks["handshake"]
        lines += ["", f"Bare handshake, TLS 1.3 ECDSA P-256 ({shake['openssl']}): full {shake['full']['server_us']:.0f} µs at "
                  f"the server and {shake['full']['client_us']:.0f} µs at the client, resumed "
                  f"{shake['resumed']['server_us']:.0f} and {shake['resumed']['client_us']:.0f} µs."]
    return "\n".join(lines) + "\n"


def bare_rate(yardsticks: dict) -> float | None:
    """Full handshakes a second of the whole machine, both ends on it and nothing else."""
    shake = yardsticks.get("handshake")
    return shake["full"]["per_second_one_core"] * (os.cpu_count() or 1) if shake else None


def ratios(rows: list[dict], bare: float | None) -> list[str]:
    """Danewerk against Postfix, for each case that has both; and its rate as a share of the bare handshake rate."""
    by_case: dict[str, dict] = {}
    for row in rows:
        by_case.setdefault(row["case"], {})[row["server"]] = row
    both = {case: found for case, found in by_case.items() if {"postfix", "danewerk"} <= found.keys()}
    if not both:
        return []
    lines = ["| case | messages/s, times Postfix's | CPU a message, share of Postfix's | share of the bare handshake rate |", "| --- | --- | --- | --- |"]
    for case, found in both.items():
        speed = speed_of(found["danewerk"])["median"] / speed_of(found["postfix"])["median"]
        cost = found["danewerk"]["cpu_us"]["median"] / found["postfix"]["cpu_us"]["median"]
        share = f"{speed_of(found['danewerk'])['median'] / bare:.2f}" if bare and "out" in case and "one a connection" in case else ""
        lines.append(f"| {case} | {speed:.2f} | {cost:.2f} | {share} |")
    return lines
