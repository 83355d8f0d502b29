// The replay page: signs in, shows the proof, plays the tracks, follows the transcript.
"use strict";
const callId = decodeURIComponent(location.pathname.split("/").pop());
const api = `/api/v1/calls/${encodeURIComponent(callId)}`;
const names = { citizen: "来电人", operator: "话务员", liaison: "联络员", petition: "信访专员", supervisor: "班长", leader: "值班领导", mix: "混音" };
const $ = (id) => document.getElementById(id);
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
let token = sessionStorage.getItem("token");

function show(problem) {
  $("problem").textContent = problem;
  $("problem").hidden = !problem;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) return answer;
  const problem = await answer.json();
  throw Object.assign(new Error([problem.title, problem.detail].filter(Boolean).join("：")), { status: answer.status });
}

async function signIn(event) {
  event.preventDefault();
  const form = new FormData(event.target);
  const answer = await fetch("/api/v1/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(form)),
  });
  const body = await answer.json();
  if (!answer.ok) return show(body.title);
  token = body.token;
  sessionStorage.setItem("token", token);
  show("");
  await load();
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

function showProof(recording) {
  const m = recording.manifest;
  const state = recording.verified
    ? make("span", { className: "good", textContent: "已验证：每个文件与封存时一致" })
    : make("span", { className: "bad", textContent: `验证失败：${recording.problems.join("；")}` });
  const rows = [
    ["状态", state],
    ["开始", new Date(m.clock_start).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" })],
    ["时长", clock(m.seconds)],
    ["封存", new Date(m.sealed_at).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" })],
    ["清单 SHA-256", make("code", { textContent: recording.manifest_sha256 })],
    ["前一清单", make("code", { textContent: m.previous || "（首个）" })],
  ];
  if (m.gaps.length) rows.push(["缺失", make("span", { className: "bad", textContent: m.gaps.map((g) => `${names[g.role] || g.role} ${(g.expected_seconds - g.recorded_seconds).toFixed(1)} 秒`).join("；") })]);
  const list = make("dl");
  for (const [term, value] of rows) list.append(make("dt", { textContent: term }), make("dd", {}, value));
  $("proof").replaceChildren(make("h2", { textContent: "封存证明" }), list);
}

async function showTracks(manifest) {
  const tracks = [...(manifest.mix ? [{ role: "mix", file: manifest.mix.file, offset_ms: 0 }] : []), ...manifest.tracks];
  $("tracks").replaceChildren(make("h2", { textContent: "音轨" }));
  const players = [];
  for (const track of tracks) {
    const audio = make("audio", { controls: true, preload: "metadata" });
    audio.dataset.offset = track.offset_ms / 1000;
    audio.dataset.role = track.role;
    $("tracks").append(make("div", { className: "track" }, make("span", { className: `role ${track.role}`, textContent: names[track.role] || track.role }), audio));
    const blob = await (await ask(`${api}/recording/files/${track.file}`)).blob();
    audio.src = URL.createObjectURL(blob);
    audio.addEventListener("play", () => players.filter((p) => p !== audio).forEach((p) => p.pause()));
    players.push(audio);
  }
  return players;
}

function showTranscript(timeline, players) {
  const box = $("transcript");
  box.replaceChildren(make("h2", { textContent: "转写" }), make("p", { className: "quiet", textContent: `${timeline.engine} · ${timeline.model}　${timeline.why}` }));
  const lines = timeline.utterances.map((said) => {
    const line = make("button", { className: "said", type: "button" },
      make("span", { className: "quiet", textContent: clock(said.start) }),
      make("span", { className: `role ${said.role}`, textContent: names[said.role] || said.role }),
      make("span", { textContent: said.text }));
    line.addEventListener("click", () => {
      const mix = players[0];
      mix.currentTime = Math.max(0, said.start - Number(mix.dataset.offset));
      mix.play();
    });
    box.append(line);
    return [said, line];
  });
  for (const player of players) {
    player.addEventListener("timeupdate", () => {
      const now = player.currentTime + Number(player.dataset.offset);
      for (const [said, line] of lines) line.classList.toggle("now", !player.paused && said.start <= now && now < said.end);
    });
  }
}

async function load() {
  $("call").textContent = `通话 ${callId}`;
  if (!token) { $("sign-in").hidden = false; return; }
  try {
    const recording = await (await ask(`${api}/recording?verify=true`)).json();
    $("sign-in").hidden = true;
    document.querySelector("main").hidden = false;
    showProof(recording);
    const players = await showTracks(recording.manifest);
    try {
      showTranscript(await (await ask(`${api}/transcript`)).json(), players);
    } catch (error) {
      $("transcript").replaceChildren(make("h2", { textContent: "转写" }), make("p", { className: "quiet", textContent: error.message }));
    }
  } catch (error) {
    if (error.status === 401) { sessionStorage.removeItem("token"); token = null; $("sign-in").hidden = false; }
    show(error.message);
  }
}

$("sign-in").addEventListener("submit", signIn);
load();
