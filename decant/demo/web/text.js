/** What the page says, in English and Korean. */

const ENGLISH = {
  title: "decant demo",
  language: "한국어",
  loading: "Loading the model and checking it against its golden example…",
  dropTitle: "Drop a photo here",
  dropHint: "or paste one. It stays in this browser: nothing is sent anywhere.",
  choose: "Choose a photo",
  another: "Another photo",
  camera: "Use the camera",
  cameraStop: "Stop the camera",
  cameraKeep: "Take this picture",
  cameraClosed: "Browsers give the camera only to pages on localhost or https.",
  cameraDenied: "The camera was not allowed. Allow it in the browser's settings for this page.",
  cameraNone: "The camera cannot be used: {reason}",
  cameraFrames: "{rate} pictures a second, {dropped} skipped",
  working: "Looking at the photo…",
  answers: "Answers",
  threshold: "Show scores from",
  found0: "Nothing found",
  found1: "1 object found",
  found: "{count} objects found",
  onCpu: "CPU (WebAssembly)",
  onGpu: "GPU (WebGPU)",
  runsOn: "Runs on",
  threads1: "1 thread",
  threads: "{count} threads",
  golden: "Reproduces its golden example",
  goldenOff:
    "Golden example not reproduced: {name} is {apart} off, {allowed} is allowed. Do not trust these answers.",
  goldenNone: "The bundle has no golden example to check against",
  inference: "Inference",
  preprocess: "Pre-processing",
  decode: "Decoding",
  shown: "Photo to screen",
  once: "one run; measuring…",
  medianOf: "median of {count} runs",
  medianFrames: "median of the last {count} pictures",
  correct: "Correct this answer",
  same: "{left} and {right} agree on {pairs} of {most} objects",
  sameLabel: "{left} and {right} give the same label",
  otherLabel: "{left} and {right} give different labels",
  overlap: "boxes overlap by {overlap} on average",
  scores: "scores differ by {apart} at most",
  faster: "{quick} is {ratio} times as fast as {slow}",
  editTitle: "Correct the answer",
  editHint:
    "Drag a corner or a box; with the keyboard, Tab to it and use the arrow keys. Delete removes the box.",
  editLabelHint: "Choose the right label if this one is wrong.",
  add: "Add a box",
  addHint: "Draw the box on the photo",
  remove: "Delete box",
  label: "Label",
  reset: "Start again",
  remark: "Remark",
  remarkHint: "What should we know? No names or addresses, please.",
  keep: "Keep as feedback",
  cancel: "Cancel",
  kept: "Kept. It stays in this browser until you export or delete it.",
  cornerName: "Corner {corner} of box {box}",
  boxName: "Box {box}: {label}",
  changes0: "No changes yet: keeping it says that the answer is right.",
  changes1: "1 change",
  changes: "{count} changes",
  feedback: "Feedback",
  feedbackNone: "Nothing kept. Correct an answer to keep it here.",
  feedbackKept: "{count} kept, {size}",
  feedbackMemory: "This browser keeps nothing for this page: export before you close it.",
  retention: "Delete after",
  days: "{count} days",
  day: "1 day",
  export: "Export as zip",
  deleteAll: "Delete all",
  delete: "Delete",
  deleteAllAsk: "Delete all kept feedback? It cannot be brought back.",
  otherModel: "of another release, not exported",
  entry: "{date}, {changes}",
  full: "No more can be kept: export what is there and delete it.",
  exported: "Exported. Import it with: decant feedback import {file}",
  withdraw: "Withdraw consent and delete all",
  consentTitle: "May this browser keep the photo?",
  consentText:
    "If you agree, the photo, the model's answer, your corrections, the times and the model's hash are kept in this browser, on this device only. Nothing is sent. You see, export and delete what is kept at any time, and it is deleted by itself after the time that you choose. The picture's location, date and camera data are not kept. Do not keep photos of people who have not agreed.",
  agree: "Agree and keep",
  disagree: "Do not keep",
  about: "About this model",
  model: "Model",
  file: "File",
  hash: "SHA-256",
  size: "Size",
  labels: "Labels",
  licences: "Licences",
  verdicts: "Measured before release",
  verdict: "{subject}: {measured} (limit {limit}) {met}",
  met: "met",
  notMet: "not met",
  notMeasured: "not measured",
  runtime: "Runtime",
  runtimeText: "LiteRT.js {version} in WebAssembly, {threads}",
  threadsClosed: "threads need localhost or https",
  errorTitle: "This does not work",
  sidecarFault: "model.json does not fit this page. {reason}. Make the bundle again with decant tflite.",
  hashMismatch:
    "{file} is not the file that model.json describes (SHA-256 {is}…, described {described}…). Keep the files of one run together.",
  fileMissing: "{file} is missing on the server. Run decant tflite, then decant demo again.",
  serverGone: "The server does not answer. Is decant demo still running?",
  noSimd:
    "This browser has no WebAssembly SIMD, which LiteRT.js needs. Chrome or Edge 91, Firefox 89, Safari 16.4 or newer have it.",
  slowFloat16:
    "LiteRT.js does not speed up float16 files on the CPU (LiteRT issue 9663): a phone is quicker.",
  noWebGpu: "This browser has no WebGPU here.",
  noGpu: "WebGPU finds no graphics processor that it may use.",
  partlyOnGpu: "Only a part of the model would run on the graphics processor, so it is left out.",
  goldenMismatch: "Refused: {name} of the golden example is {apart} off, {allowed} is allowed.",
  gpuFailed: "The graphics processor failed: {reason}",
  elementType: "{name} is {dtype}, which LiteRT.js cannot take. Convert with float32 or uint8 inputs.",
  noPicture: "{name} is not a picture that this browser can open.",
  noPictureThere: "There is no picture in what was dropped or pasted.",
  tooManyPixels: "A picture of {width} × {height} pixels is too large for this browser.",
  unexpected: "Something went wrong: {reason}",
};

const KOREAN = {
  title: "decant 데모",
  language: "English",
  loading: "모델을 불러와 기준 예제와 비교하는 중…",
  dropTitle: "사진을 여기에 놓으세요",
  dropHint: "붙여넣기도 됩니다. 사진은 이 브라우저를 벗어나지 않습니다.",
  choose: "사진 선택",
  another: "다른 사진",
  camera: "카메라 사용",
  cameraStop: "카메라 끄기",
  cameraKeep: "이 장면 찍기",
  cameraClosed: "브라우저는 localhost나 https 페이지에만 카메라를 허용합니다.",
  cameraDenied: "카메라가 허용되지 않았습니다. 브라우저의 페이지 설정에서 허용하세요.",
  cameraNone: "카메라를 사용할 수 없습니다: {reason}",
  cameraFrames: "초당 {rate}장, {dropped}장 건너뜀",
  working: "사진을 분석하는 중…",
  answers: "결과",
  threshold: "표시할 최소 점수",
  found0: "찾은 것이 없습니다",
  found1: "1개를 찾았습니다",
  found: "{count}개를 찾았습니다",
  onCpu: "CPU (WebAssembly)",
  onGpu: "GPU (WebGPU)",
  runsOn: "실행 장치",
  threads1: "스레드 1개",
  threads: "스레드 {count}개",
  golden: "기준 예제를 재현합니다",
  goldenOff:
    "기준 예제를 재현하지 못했습니다: {name}의 차이 {apart}, 허용치 {allowed}. 결과를 믿지 마세요.",
  goldenNone: "비교할 기준 예제가 번들에 없습니다",
  inference: "추론",
  preprocess: "전처리",
  decode: "디코딩",
  shown: "사진부터 화면까지",
  once: "1회 실행, 측정하는 중…",
  medianOf: "{count}회 실행의 중앙값",
  medianFrames: "최근 {count}장의 중앙값",
  correct: "결과 고치기",
  same: "{left}와(과) {right}: 물체 {most}개 중 {pairs}개 일치",
  sameLabel: "{left}와(과) {right}의 레이블이 같습니다",
  otherLabel: "{left}와(과) {right}의 레이블이 다릅니다",
  overlap: "상자 겹침 평균 {overlap}",
  scores: "점수 차이 최대 {apart}",
  faster: "{quick}이(가) {slow}보다 {ratio}배 빠름",
  editTitle: "결과 고치기",
  editHint:
    "모서리나 상자를 끌어 옮기세요. 키보드에서는 Tab으로 고르고 화살표 키로 옮깁니다. Delete 키는 상자를 지웁니다.",
  editLabelHint: "레이블이 틀렸으면 올바른 것을 고르세요.",
  add: "상자 추가",
  addHint: "사진 위에 상자를 그리세요",
  remove: "상자 삭제",
  label: "레이블",
  reset: "처음부터 다시",
  remark: "의견",
  remarkHint: "알려 주실 내용을 적으세요. 이름이나 주소는 적지 마세요.",
  keep: "의견으로 보관",
  cancel: "취소",
  kept: "보관했습니다. 내보내거나 삭제할 때까지 이 브라우저에 남습니다.",
  cornerName: "상자 {box}의 모서리 {corner}",
  boxName: "상자 {box}: {label}",
  changes0: "변경 없음: 그대로 보관하면 결과가 맞다는 뜻입니다.",
  changes1: "변경 1건",
  changes: "변경 {count}건",
  feedback: "의견",
  feedbackNone: "보관한 것이 없습니다. 결과를 고치면 여기에 보관됩니다.",
  feedbackKept: "{count}건 보관, {size}",
  feedbackMemory: "이 브라우저는 이 페이지의 내용을 저장하지 않습니다. 닫기 전에 내보내세요.",
  retention: "삭제 시점",
  days: "{count}일 뒤",
  day: "1일 뒤",
  export: "zip으로 내보내기",
  deleteAll: "모두 삭제",
  delete: "삭제",
  deleteAllAsk: "보관한 의견을 모두 삭제할까요? 되돌릴 수 없습니다.",
  otherModel: "다른 릴리스의 의견이므로 내보내지 않음",
  entry: "{date}, {changes}",
  full: "더 보관할 수 없습니다. 내보낸 뒤 삭제하세요.",
  exported: "내보냈습니다. 가져오기: decant feedback import {file}",
  withdraw: "동의를 철회하고 모두 삭제",
  consentTitle: "이 브라우저에 사진을 보관할까요?",
  consentText:
    "동의하면 사진, 모델의 결과, 고친 내용, 걸린 시간, 모델의 해시를 이 기기의 이 브라우저에만 보관합니다. 아무것도 전송하지 않습니다. 보관한 내용은 언제든지 보고 내보내고 삭제할 수 있으며, 정한 기간이 지나면 저절로 삭제됩니다. 사진의 위치, 날짜, 카메라 정보는 보관하지 않습니다. 동의하지 않은 사람의 사진은 보관하지 마세요.",
  agree: "동의하고 보관",
  disagree: "보관하지 않음",
  about: "모델 정보",
  model: "모델",
  file: "파일",
  hash: "SHA-256",
  size: "크기",
  labels: "레이블",
  licences: "라이선스",
  verdicts: "출시 전 측정",
  verdict: "{subject}: {measured} (기준 {limit}) {met}",
  met: "충족",
  notMet: "미충족",
  notMeasured: "측정 안 함",
  runtime: "런타임",
  runtimeText: "WebAssembly의 LiteRT.js {version}, {threads}",
  threadsClosed: "스레드는 localhost나 https에서만 가능",
  errorTitle: "사용할 수 없습니다",
  sidecarFault:
    "model.json이 이 페이지와 맞지 않습니다. {reason}. decant tflite로 번들을 다시 만드세요.",
  hashMismatch:
    "{file}이(가) model.json에 적힌 파일이 아닙니다 (SHA-256 {is}…, 적힌 값 {described}…). 한 번의 실행에서 나온 파일을 함께 두세요.",
  fileMissing: "서버에 {file}이(가) 없습니다. decant tflite를 실행한 뒤 decant demo를 다시 실행하세요.",
  serverGone: "서버가 응답하지 않습니다. decant demo가 실행 중인지 확인하세요.",
  noSimd:
    "이 브라우저에는 LiteRT.js에 필요한 WebAssembly SIMD가 없습니다. Chrome·Edge 91, Firefox 89, Safari 16.4 이상을 쓰세요.",
  slowFloat16:
    "LiteRT.js는 CPU에서 float16 파일을 가속하지 않습니다 (LiteRT 이슈 9663). 휴대폰에서는 더 빠릅니다.",
  noWebGpu: "이 브라우저에서는 WebGPU를 쓸 수 없습니다.",
  noGpu: "WebGPU가 쓸 수 있는 그래픽 장치를 찾지 못했습니다.",
  partlyOnGpu: "모델의 일부만 그래픽 장치에서 실행되므로 쓰지 않습니다.",
  goldenMismatch: "거부됨: 기준 예제 {name}의 차이 {apart}, 허용치 {allowed}.",
  gpuFailed: "그래픽 장치 오류: {reason}",
  elementType:
    "{name}은(는) {dtype}이며 LiteRT.js가 받을 수 없습니다. float32나 uint8 입력으로 변환하세요.",
  noPicture: "{name}: 이 브라우저에서 열 수 있는 사진이 아닙니다.",
  noPictureThere: "놓거나 붙여넣은 것에 사진이 없습니다.",
  tooManyPixels: "{width} × {height} 픽셀 사진은 이 브라우저에 너무 큽니다.",
  unexpected: "문제가 생겼습니다: {reason}",
};

const LANGUAGES = { en: ENGLISH, ko: KOREAN };
let language = "en";

/** @param {string} wanted Such as "ko-KR"; English if there is nothing nearer. */
export function setLanguage(wanted) {
  language = wanted.toLowerCase().startsWith("ko") ? "ko" : "en";
  document.documentElement.lang = language;
}

export function otherLanguage() {
  return language === "ko" ? "en" : "ko";
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} values
 */
export function t(key, values = {}) {
  return LANGUAGES[language][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Chooses between the texts for nothing, one and many, such as found0, found1 and found. */
export function plural(key, count) {
  const exact = `${key}${count}`;
  return t(exact in LANGUAGES[language] ? exact : key, { count });
}

/** Says why something failed. */
export function explained(error) {
  if (error?.key !== undefined) return t(error.key, rounded(error.values));
  return t("unexpected", { reason: error?.message ?? String(error) });
}

function rounded(values) {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(3) : value,
  ]);
  return Object.fromEntries(entries);
}

/** Fills in the parts of the page that carry the key of a text. */
export function fillIn(root = document) {
  for (const each of root.querySelectorAll("[data-text]")) {
    each.textContent = t(each.dataset.text);
  }
  for (const each of root.querySelectorAll("[data-label]")) {
    each.setAttribute("aria-label", t(each.dataset.label));
  }
  for (const each of root.querySelectorAll("[data-placeholder]")) {
    each.setAttribute("placeholder", t(each.dataset.placeholder));
  }
}

/** A time with two or three digits that matter, such as 8.42 ms. */
export function milliseconds(value) {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ms`;
}

export function percent(value) {
  return `${Math.round(100 * value)} %`;
}

export function bytes(value) {
  return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}
