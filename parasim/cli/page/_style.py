"""How the page looks, light or dark as the reader's machine is."""

STYLE = """
:root { color-scheme: light dark; --ink: #262626; --faint: #6b6b6b; --line: #d9d9d9;
        --paper: #fff; --shade: #f5f6f7; --accent: #0072b2; --good: #00714f; --bad: #b03a00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --faint: #a3a3a3; --line: #3b3f44; --paper: #16181b; --shade: #1f2226;
          --accent: #56b4e9; --good: #3ecf9f; --bad: #ff8a4a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; color: var(--ink);
       background: var(--paper); font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem;
     border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.lead { color: var(--faint); margin: 0 0 .75rem; }
.status { display: inline-block; padding: .1rem .6rem; border: 1px solid currentColor;
          border-radius: 1rem; font-size: .875rem; font-weight: 600; color: var(--accent); }
.status.complete { color: var(--good); }
.status.failed, .status.interrupted { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: .5rem 0; }
dt { color: var(--faint); }
dd { margin: 0; white-space: pre-line; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .925rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem 1.25rem .3rem 0;
         border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--faint); white-space: nowrap; }
pre { background: var(--shade); padding: .75rem 1rem; border-radius: .4rem; overflow-x: auto;
      font: .85rem/1.45 ui-monospace, "Cascadia Mono", Menlo, monospace; margin: .5rem 0; }
figure { margin: 1.25rem 0 2rem; }
figure svg { max-width: 100%; height: auto; display: block; }
.wide + .wide { margin-top: 1rem; }
figcaption { color: var(--faint); font-size: .925rem; margin-top: .25rem; }
summary { cursor: pointer; color: var(--accent); margin: .75rem 0; }
footer { color: var(--faint); font-size: .875rem; margin-top: 3rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; }
                            dd { margin-bottom: .5rem; } }
@media print { pre { white-space: pre-wrap; } section { break-inside: avoid-page; } }
"""
