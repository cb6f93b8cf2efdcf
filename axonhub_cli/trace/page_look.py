"""How the page of `trace export --html` looks and what it can do by itself: its style and its one script.

The script is the only one that the page's policy lets run (by its hash): it searches, folds, and copies. All can be read without
it. Both are plain text here, so that the program has no files beside its code.
"""

STYLE = """
:root{color-scheme:light dark;--page:#f7f7f5;--card:#fff;--ink:#1d2127;--soft:#6a727d;--line:#e3e4e6;--well:#f2f3f4;
--user:#1f6feb;--model:#1a7f55;--tool:#7a5a12;--think:#7d6aa8;--agent:#9a4fc4;--wait:#c4d6ee;--bar:#3f83d8;--bad:#c93c37;
--warn:#9a6700;--mark:#ffe58a}@media (prefers-color-scheme:dark){:root{--page:#0f1115;--card:#171a20;--ink:#dde2e8;
--soft:#8d96a3;--line:#272c35;--well:#11141a;--user:#74b1ff;--model:#5fd0a0;--tool:#d9b25f;--think:#b3a1e0;--agent:#cf93f0;
--wait:#2b4262;--bar:#4c94ea;--bad:#ff7a72;--warn:#e3b341;--mark:#6b5600}
}
*{box-sizing:border-box}html{scroll-padding-top:4.2rem}body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,nav.tools>div{max-width:72rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.2rem;padding-bottom:1rem}h1{font-size:1.45rem;line-height:1.3;margin:0 0 .25rem;overflow-wrap:anywhere}
.sub{color:var(--soft);margin:0 0 1.2rem;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.6rem .8rem}
.tiles dt{color:var(--soft);font-size:12px}.tiles dd{margin:0;font-size:1.15rem;font-weight:650;overflow-wrap:anywhere}
.tiles small{font-size:12px;font-weight:400;color:var(--soft);display:block}
nav.tools{position:sticky;top:0;z-index:3;background:color-mix(in srgb,var(--page) 88%,transparent);
backdrop-filter:blur(8px);border-bottom:1px solid var(--line);padding:.55rem 0}
nav.tools>div{display:flex;gap:.5rem;align-items:center;flex-wrap:wrap}
input[type=search]{flex:1 1 12rem;min-width:8rem;font:inherit;padding:.35rem .7rem;border:1px solid var(--line);
border-radius:8px;background:var(--card);color:inherit}button{font:inherit;font-size:13px;color:inherit;
background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.3rem .65rem;cursor:pointer}
button:hover{border-color:var(--soft)}button[aria-pressed=true]{background:var(--ink);color:var(--page)}
#found{color:var(--soft);font-size:13px;min-width:6rem}section{margin:1.4rem 0}
h2{font-size:1.02rem;margin:2.4rem 0 .7rem;display:flex;gap:.7rem;align-items:baseline}
h2 a{color:inherit;text-decoration:none;white-space:nowrap}h2 .when{white-space:nowrap}
h2 .n{color:var(--soft);font-weight:500}h2 .when{color:var(--soft);font-size:13px;font-weight:400}
h2 .title{flex:1 1 0;min-width:0;font-weight:650;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.times{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.6rem .8rem;max-height:24rem;
overflow:auto}.row{display:grid;grid-template-columns:2rem minmax(7rem,13rem) 1fr 4.4rem;gap:.7rem;font-size:12.5px;
align-items:center;color:inherit;text-decoration:none;padding:1px 0;border-radius:4px}
.row:hover{background:var(--well)}.row.first{border-top:1px solid var(--line);margin-top:2px;padding-top:3px}
.row span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.row .n,.row .took{color:var(--soft)}.row .took{text-align:right}
.track{position:relative;height:.75rem;background:var(--well);border-radius:3px;overflow:hidden}
.track i{position:absolute;top:0;bottom:0;background:var(--bar)}
.track i.wait{background:var(--wait)}.track i.error{background:var(--bad)}
.track i.side{background:var(--soft)}.track i.agent{background:var(--agent)}
.request{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.55rem .9rem;margin:.6rem 0;
content-visibility:auto;contain-intrinsic-size:auto 9rem}.request:target{border-color:var(--user);
box-shadow:0 0 0 1px var(--user)}.request.agent{margin-left:2rem;border-left:3px solid var(--agent)}
.request.side{opacity:.82}.request.error{border-left:3px solid var(--bad)}
.meta{display:flex;flex-wrap:wrap;gap:.1rem .8rem;font-size:12.5px;color:var(--soft);padding:.35rem 0;
border-top:1px dashed var(--line);border-bottom:1px dashed var(--line);margin:.45rem 0}
.meta:first-child{border-top:0;margin-top:0}.meta:last-child{border-bottom:0;margin-bottom:0}
.meta a{color:inherit;text-decoration:none;font-family:ui-monospace,monospace}
.meta a:hover{text-decoration:underline}.meta b{color:var(--ink);font-weight:600}
.tag{border:1px solid currentColor;border-radius:99px;padding:0 .5rem;font-size:11.5px;color:var(--agent)}
.note{font-size:13px;padding:.1rem 0;overflow-wrap:anywhere}.warn{color:var(--warn)}
.bad,.meta b.bad{color:var(--bad)}.soft{color:var(--soft)}.said{display:grid;grid-template-columns:6.5rem 1fr auto;
gap:.8rem;padding:.3rem 0;align-items:start}.said>b{font-size:12.5px;font-weight:600;text-align:right;color:var(--soft);
padding-top:.12rem;overflow-wrap:anywhere}.said.user>b{color:var(--user)}
.said.model>b{color:var(--model)}.said.thinking>b{color:var(--think)}
.said.call>b,.said.tool>b{color:var(--tool)}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;
font:13px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.user pre,.model pre{font:inherit}.user pre{font-weight:550}.thinking pre{font:inherit;font-style:italic;color:var(--soft)}
.tool .text,.call .text,pre.code{background:var(--well);border-radius:7px;padding:.4rem .65rem}
.model pre.code{font:13px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:.4rem 0}
details>summary{cursor:pointer;color:var(--soft);font-size:12.5px;padding:.15rem 0;list-style:none}
details>summary::before{content:"▸ "}details[open]>summary::before{content:"▾ "}
.copy{opacity:0;padding:.05rem .45rem;font-size:12px}.said:hover .copy,.copy:focus{opacity:1}
::highlight(found){background:var(--mark)}footer{color:var(--soft);font-size:13px;max-width:72rem;margin:3rem auto 2rem;
padding:0 1.25rem}[hidden]{display:none!important}@media (max-width:46rem){body{font-size:14.5px}
main,header,nav.tools>div{padding-left:.8rem;padding-right:.8rem}
header{padding-top:1.2rem}.said{grid-template-columns:1fr auto;gap:.1rem .5rem}
.said>b{text-align:left;grid-column:1}.said>.text{grid-column:1/-1;grid-row:2;min-width:0}
.copy{opacity:.6}.request{padding:.5rem .65rem}.request.agent{margin-left:.7rem}
.row{grid-template-columns:1.4rem 6.2rem 1fr 3.4rem;gap:.4rem}
.tiles{grid-template-columns:repeat(2,1fr)}h2{flex-wrap:wrap}
h2 .title{flex-basis:100%;order:3}#found{min-width:0}#found:empty{display:none}
input[type=search]{flex-basis:7rem;min-width:5rem}}
@media print{nav.tools,.copy{display:none}.request{content-visibility:visible}
}
"""

SCRIPT = """
"use strict";
const $ = (q, at = document) => [...at.querySelectorAll(q)], cards = $(".request"), box = document.getElementById("q"),
  found = document.getElementById("found"), bad = document.getElementById("bad"), fold = document.getElementById("fold");
document.body.classList.add("live");
$("nav.tools")[0].hidden = false;
bad.hidden = !document.querySelector(".request.error");
let texts = null, timer = 0;
function look() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean), only = bad.getAttribute("aria-pressed") === "true";
  texts = texts || cards.map(card => card.textContent.toLowerCase());
  let shown = 0;
  cards.forEach((card, at) => {
    const fits = words.every(word => texts[at].includes(word)) && (!only || card.classList.contains("error"));
    card.hidden = !fits;
    shown += fits;
  });
  $("section.turn").forEach(turn => { turn.hidden = !turn.querySelector(".request:not([hidden])"); });
  found.textContent = words.length || only ? shown + " of " + cards.length + " requests" : "";
  paint(words);
}
function paint(words) {
  if (!window.Highlight) return;
  CSS.highlights.delete("found");
  if (!words.length) return;
  const ranges = [];
  for (const card of cards.filter(card => !card.hidden)) {
    const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    for (let node; ranges.length < 5000 && (node = walker.nextNode());) {
      const text = node.data.toLowerCase();
      for (const word of words) for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, at); range.setEnd(node, at + word.length);
        ranges.push(range);
        const folded = node.parentElement.closest("details");
        if (folded) folded.open = true;
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}
box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 120); });
bad.addEventListener("click", () => { bad.setAttribute("aria-pressed", bad.getAttribute("aria-pressed") !== "true"); look(); });
fold.addEventListener("click", () => {
  const open = fold.textContent === "Unfold all";
  $(".request details").forEach(each => { each.open = open; });
  fold.textContent = open ? "Fold all" : "Unfold all";
});
async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch (refused) {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
document.addEventListener("click", async event => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const text = $("pre", button.parentElement).map(each => each.textContent).join("\\n");
  const done = await copy(text);
  button.textContent = done ? "Copied" : "Not allowed";
  setTimeout(() => { button.textContent = "Copy"; }, 1200);
});
document.addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
  if (event.key === "Escape" && document.activeElement === box) { box.value = ""; look(); box.blur(); }
});
"""
