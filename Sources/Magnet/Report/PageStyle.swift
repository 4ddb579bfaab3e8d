/// How pages look: light and dark, on screens from 320 points and on paper.
enum PageStyle {
  static let text = """
    :root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--soft:#595959;--line:#c8c8c8;--fill:#f3f3f3;--link:#0b57a4;
    --good:#0b6b3a;--bad:#a4260b;--shade:11,87,164;
    --c0:#0072b2;--c1:#c35300;--c2:#00825f;--c3:#b0568c;--c4:#a87200;--c5:#2a86c4;--c6:#332288;--c7:#882255;--c8:#117733;
    --c9:#7a7a1f;--c10:#aa4499;--c11:#661100}
    @media (prefers-color-scheme:dark){:root{--ink:#ececec;--paper:#161616;--soft:#b0b0b0;--line:#4a4a4a;--fill:#242424;
    --link:#8cc2ff;--good:#6fd79b;--bad:#ff9a80;--shade:140,194,255;
    --c0:#5db3f0;--c1:#ff8f47;--c2:#3ecf9f;--c3:#e79bc5;--c4:#f0b429;--c5:#8fd0ff;--c6:#a99bff;--c7:#e07aa8;--c8:#7fd19a;
    --c9:#d3d36a;--c10:#e08fd3;--c11:#ff9d8a}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
    main{max-width:100rem;margin:0 auto;padding:1rem}
    h1{font-size:1.6rem;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
    h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
    h3{font-size:1.05rem;margin:1.2rem 0 .4rem;overflow-wrap:anywhere}
    nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;padding:0;margin:0}
    a{color:var(--link)}
    p,li,dd{overflow-wrap:anywhere}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}
    dd{margin:0}
    .scroll{overflow-x:auto;max-width:100%;position:relative}
    table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
    caption{text-align:left;color:var(--soft);padding:.2rem 0}
    th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
    th{background:var(--fill)}
    tbody th{min-width:min(12rem,40vw);max-width:20rem;overflow-wrap:anywhere}
    td.n{text-align:right;white-space:nowrap}
    td.b{font-weight:700}
    td.t{min-width:12rem;max-width:32rem;overflow-wrap:anywhere;white-space:pre-wrap}
    th button{all:unset;cursor:pointer;text-decoration:underline dotted}
    th button:focus-visible,a:focus-visible,input:focus-visible,summary:focus-visible,.scroll:focus-visible{
    outline:2px solid var(--link);outline-offset:2px}
    th[aria-sort=ascending] button::after{content:" ▲"}
    th[aria-sort=descending] button::after{content:" ▼"}
    .tools{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:.4rem 0}
    input[type=search],select{font:inherit;padding:.2rem .4rem;max-width:100%;background:var(--paper);color:var(--ink);
    border:1px solid var(--soft);border-radius:.2rem}
    .tools label{max-width:100%}select{max-width:min(100%,calc(100vw - 3rem))}
    button.own{font:inherit;padding:.2rem .6rem;background:var(--fill);color:var(--ink);border:1px solid var(--soft);
    border-radius:.2rem}
    details.own{margin:0;border:0;padding:0}
    .boxes{display:flex;flex-wrap:wrap;gap:.2rem 1rem;max-height:16rem;overflow-y:auto;padding:.3rem 0}
    .boxes label{display:flex;gap:.3rem;align-items:baseline;overflow-wrap:anywhere}
    .soft{color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}
    .s1{background:rgba(var(--shade),.06)}.s2{background:rgba(var(--shade),.12)}.s3{background:rgba(var(--shade),.18)}
    .s4{background:rgba(var(--shade),.24)}.s5{background:rgba(var(--shade),.3)}
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--fill);padding:.5rem;margin:.3rem 0;max-height:30rem;
    overflow-y:auto}
    details{margin:.3rem 0;border-left:3px solid var(--line);padding-left:.6rem}
    summary{cursor:pointer;overflow-wrap:anywhere}
    h4{font-size:1rem;margin:1rem 0 .3rem;overflow-wrap:anywhere}
    tfoot td,tfoot th{background:var(--fill)}
    svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}
    .chart svg{max-width:none}
    td.w{min-width:7rem;max-width:16rem;overflow-wrap:anywhere}
    .tip{position:fixed;z-index:1;max-width:min(30rem,90vw);padding:.3rem .5rem;background:var(--ink);color:var(--paper);
    border-radius:.2rem;overflow-wrap:anywhere;white-space:pre-wrap}
    td:focus-visible,tbody th:focus-visible,select:focus-visible,button:focus-visible,pre:focus-visible{
    outline:2px solid var(--link);outline-offset:-2px}
    .hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
    @media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#444;--line:#999;--fill:#eee;--link:#000;--good:#000;--bad:#000;
    --shade:120,120,120;--c0:#0072b2;--c1:#c35300;--c2:#00825f;--c3:#b0568c;--c4:#a87200;--c5:#2a86c4;--c6:#332288;
    --c7:#882255;--c8:#117733;--c9:#7a7a1f;--c10:#aa4499;--c11:#661100}
    [data-board][hidden]{display:block}.chart svg{max-width:100%}
    .scroll{overflow:visible}.tools,nav,.tip{display:none}pre{max-height:none}table{font-size:.65rem}
    th,td{padding:.1rem .2rem;overflow-wrap:anywhere}td.n{white-space:normal}td.t,td.w,tbody th{min-width:0}}
    """
}
