/** Gives the camera's pictures one by one; those that come meanwhile are dropped, never queued. */

import { grab } from "./photo.js";
import { Refusal } from "./refusal.js";

const WANTED = { video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false };

export class Camera {
  #stream;
  #video;
  #canvas = document.createElement("canvas");
  #running = true;

  /** @param {MediaStream} stream */
  constructor(stream, video) {
    this.#stream = stream;
    this.#video = video;
    this.dropped = 0;
  }

  /** @returns {Promise<Camera>} */
  static async open() {
    if (navigator.mediaDevices === undefined) throw new Refusal("cameraClosed");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(WANTED);
    } catch (error) {
      const denied = error.name === "NotAllowedError";
      throw new Refusal(denied ? "cameraDenied" : "cameraNone", { reason: error.message });
    }
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    return new Camera(stream, video);
  }

  /**
   * Hands each picture to `look` and waits for it before it takes the newest one.
   *
   * @param {(photo: import("./photo.js").Photo, taken: number) => Promise<void>} look `taken` is
   *   when the picture was taken or, where the browser does not say, when it came.
   */
  async watch(look) {
    let last = 0;
    while (this.#running) {
      const { taken, number } = await this.#frame();
      if (!this.#running) return;
      if (last > 0) this.dropped += Math.max(0, number - last - 1);
      last = number;
      const { videoWidth, videoHeight } = this.#video;
      await look(grab(this.#video, videoWidth, videoHeight, this.#canvas), taken);
    }
  }

  /** Waits for the next picture. */
  #frame() {
    return new Promise((resolve) => {
      if (this.#video.requestVideoFrameCallback === undefined) {
        requestAnimationFrame((now) => resolve({ taken: now, number: 0 }));
        return;
      }
      this.#video.requestVideoFrameCallback((now, { captureTime, presentedFrames }) =>
        resolve({ taken: captureTime ?? now, number: presentedFrames }),
      );
    });
  }

  /** Calls back when the camera is unplugged, or taken away by the user. */
  onLost(call) {
    for (const track of this.#stream.getTracks()) track.addEventListener("ended", call);
  }

  /** Gives the camera back. */
  close() {
    this.#running = false;
    for (const track of this.#stream.getTracks()) track.stop();
    this.#video.srcObject = null;
  }
}
