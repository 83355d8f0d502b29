// The replay page: signs in, shows the proof, plays the tracks, follows the transcript.
"use strict";
const callId = decodeURIComponent(location.pathname.split("/").pop());
const part = Number(new URLSearchParams(location.search).get("part")) || 1;
const api = `/api/v1/calls/${encodeURIComponent(callId)}`;
const names = {
  citizen: "来电人 Citizen", operator: "话务员 Operator", liaison: "联络员 Liaison", petition: "信访专员 Petition",
  emergency: "应急接警员 Emergency",
  supervisor: "班长 Supervisor", leader: "值班领导 Leader", unknown: "未知 Unknown", mix: "混音 Mix",
};
const nameOf = (role) => names[role] || role;
const $ = (id) => document.getElementById(id);
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
const heading = (chinese, english) => make("h2", {}, `${chinese} `, make("small", { lang: "en", textContent: english }));
let token = sessionStorage.getItem("token");
let urls = [];

function show(problem) {
  $("problem").textContent = problem;
  $("problem").hidden = !problem;
}

function forget() {
  sessionStorage.removeItem("token");
  token = null;
  urls.forEach((url) => URL.revokeObjectURL(url));
  urls = [];
  for (const id of ["proof", "tracks", "transcript"]) $(id).replaceChildren();
  document.querySelector("main").hidden = $("sign-out").hidden = true;
  $("sign-in").hidden = false;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) return answer;
  const problem = await answer.json();
  throw Object.assign(new Error([problem.title, problem.detail].filter(Boolean).join("：")), { status: answer.status });
}

async function signIn(event) {
  event.preventDefault();
  const answer = await fetch("/api/v1/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(event.target))),
  });
  const body = await answer.json();
  if (!answer.ok) return show(body.title);
  token = body.token;
  sessionStorage.setItem("token", token);
  event.target.reset();
  show("");
  await load();
}

async function signOut() {
  await fetch("/api/v1/sign-out", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  show("");
  forget();
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

const localTime = (text) => new Date(text).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai" });

function showProof(recording) {
  const m = recording.manifest;
  const state = recording.verified
    ? make("span", { id: "state", className: "good", textContent: "已核对：每个文件与封存时一致，封存链完整 / verified: every file as sealed, chain unbroken" })
    : make("span", { id: "state", className: "bad", textContent: `核对失败 / not verified：${recording.problems.join("；")}` });
  const rows = [
    ["状态 State", state],
    ["开始 Start", localTime(m.clock_start)],
    ["时长 Length", clock(m.seconds)],
    ["封存 Sealed", `${localTime(m.sealed_at)} · ${m.node}`],
    ["清单 Manifest SHA-256", make("code", { textContent: recording.manifest_sha256 })],
    ["前一清单 Chained to", make("code", { textContent: m.previous || "（首个 / the first）" })],
  ];
  for (const gap of m.gaps) {
    const missing = (gap.expected_seconds - gap.recorded_seconds).toFixed(1);
    rows.push(["缺失 Gap", make("span", { className: "bad", textContent: `${nameOf(gap.role)} ${missing} s` })]);
  }
  for (let other = 1; other <= recording.parts; other += 1) {
    if (other !== part) rows.push(["补录 Other part", make("a", { href: `?part=${other}`, textContent: String(other) })]);
  }
  const list = make("dl");
  for (const [term, value] of rows) list.append(make("dt", { textContent: term }), make("dd", {}, value));
  $("proof").replaceChildren(heading("封存证明", "Proof"), list);
}

async function addPlayer(track, path, players, begin) {
  const audio = make("audio", { controls: true, preload: "auto" });
  audio.dataset.offset = begin + track.offset_ms / 1000;
  audio.dataset.role = track.role;
  const title = make("p", {},
    make("span", { className: `role ${track.role}`, textContent: nameOf(track.role) }),
    make("small", { textContent: `　${clock(track.seconds)}　+${(track.offset_ms / 1000).toFixed(1)} s${track.repaired ? "　已修复 repaired" : ""}` }));
  const box = make("div", { className: "track" }, title, audio, make("code", { className: "quiet", textContent: `SHA-256 ${track.sha256}` }));
  $("tracks").append(box);
  try {
    const url = URL.createObjectURL(await (await ask(path)).blob());
    urls.push(url);
    audio.src = url;
  } catch (error) {
    box.append(make("p", { className: "bad", textContent: error.message }));
  }
  audio.addEventListener("play", () => players.filter((other) => other !== audio).forEach((other) => other.pause()));
  players.push(audio);
}

async function showTracks(manifest, begin) {
  $("tracks").replaceChildren(heading("音轨", "Tracks"));
  const players = [];
  if (manifest.mix) await addPlayer({ ...manifest.mix, role: "mix", offset_ms: 0 }, `${api}/recording/mix?part=${part}`, players, begin);
  for (const track of manifest.tracks) await addPlayer(track, `${api}/recording/tracks/${track.file}?part=${part}`, players, begin);
  return players;
}

function seek(players, seconds) {
  const player = players.find((one) => !one.paused) || players[0];
  if (!player) return;
  player.currentTime = Math.max(0, seconds - Number(player.dataset.offset));
  player.play();
}

function showTranscript(timeline, players) {
  const box = $("transcript");
  box.replaceChildren(heading("转写", "Transcript"), make("p", { className: "quiet", textContent: `${timeline.engine} · ${timeline.model}　${timeline.why}` }));
  const lines = timeline.utterances.map((said) => {
    const line = make("button", { className: "said", type: "button" },
      make("span", { className: "quiet", textContent: clock(said.start) }),
      make("span", { className: `role ${said.role}`, textContent: nameOf(said.role).split(" ")[0] }),
      make("span", { textContent: said.text }));
    line.addEventListener("click", () => seek(players, said.start));
    box.append(line);
    return [said, line];
  });
  for (const player of players) {
    player.addEventListener("timeupdate", () => {
      if (player.paused) return;
      const now = player.currentTime + Number(player.dataset.offset);
      for (const [said, line] of lines) line.classList.toggle("now", said.start <= now && now < said.end);
    });
  }
}

async function load() {
  $("call").textContent = `通话 Call ${callId}`;
  if (!token) return forget();
  $("busy").hidden = false;
  try {
    const recording = await (await ask(`${api}/recording?verify=true&part=${part}`)).json();
    $("sign-in").hidden = true;
    document.querySelector("main").hidden = $("sign-out").hidden = false;
    showProof(recording);
    // The words of all parts are on the first part's clock.
    const first = part > 1 ? await (await ask(`${api}/recording`)).json() : recording;
    const begin = (Date.parse(recording.manifest.clock_start) - Date.parse(first.manifest.clock_start)) / 1000;
    const players = await showTracks(recording.manifest, begin);
    try {
      showTranscript(await (await ask(`${api}/transcript`)).json(), players);
    } catch (error) {
      if (error.status === 401) throw error;
      $("transcript").replaceChildren(heading("转写", "Transcript"), make("p", { className: "quiet", textContent: error.message }));
    }
  } catch (error) {
    // Somebody else may be allowed to: the form comes back.
    if (error.status === 401 || error.status === 403) forget();
    show(error.message);
  } finally {
    $("busy").hidden = true;
  }
}

$("sign-in").addEventListener("submit", signIn);
$("sign-out").addEventListener("click", signOut);
load();
