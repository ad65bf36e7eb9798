"""The page of the preview: the picture, and one line of figures below it."""

from __future__ import annotations

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>edgecnn: {name}</title>
<style nonce="{nonce}">
html, body {{ margin: 0; height: 100%; background: #16181d; color: #e6e8ec;
  font: 14px/1.5 system-ui, sans-serif; }}
body {{ display: flex; flex-direction: column; }}
img {{ flex: 1; min-height: 0; object-fit: contain; width: 100%; }}
p {{ margin: 0; padding: 8px 16px; background: #1e2128; font-variant-numeric: tabular-nums;
  display: flex; flex-wrap: wrap; gap: 4px 24px; }}
#state {{ color: #9aa1ad; }}
</style>
</head>
<body>
<img id="live" alt="Live view of {name}" src="stream{query}">
<p role="status"><strong>{name}</strong><span id="state">connecting</span><span id="figures"></span>
</p>
<script nonce="{nonce}">
"use strict";
const state = document.getElementById("state");
const figures = document.getElementById("figures");
const live = document.getElementById("live");
let lost = false;
async function look() {{
  try {{
    const answer = await fetch("stats.json{query}", {{ cache: "no-store" }});
    if (!answer.ok) throw new Error(answer.status);
    const now = await answer.json();
    state.textContent = now.message || now.state;
    figures.textContent = now.age_p50_ms === undefined ? "" :
      `${{now.fps_out.toFixed(1)}} fps, age ${{now.age_p50_ms.toFixed(0)}} ms, ` +
      `inference ${{now.infer_p50_ms.toFixed(1)}} ms, ${{now.dropped}} dropped`;
    if (lost) {{
      // Under another name, or the browser would take the picture it has.
      live.src = "stream{query}" + ("{query}" ? "&" : "?") + "again=" + Date.now();
      lost = false;
    }}
  }} catch (error) {{
    state.textContent = "edgecnn does not answer; trying again";
    figures.textContent = "";
    lost = true;
  }}
}}
look();
setInterval(look, 1000);
</script>
</body>
</html>
"""
"""Filled by `str.format` with ``name`` and ``query`` (escaped) and ``nonce``."""
