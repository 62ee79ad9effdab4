// The page's side of the worker: started at the first question, ended by stop(), started again at the next.

export class Python {
  constructor(settings, tell) {
    this.settings = settings;
    this.tell = tell; // told {received, file}, {ready}, {failed} or {stopped}
  }

  start() {
    let isReady = false;
    this.worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
    this.ready = new Promise((resolve, reject) => {
      const fail = (message) => {
        this.end();
        const told = `Python could not be fetched: ${message.replace(/\.?\s*$/, ".")} Are you on line? What you write is kept; go on, and try again.`;
        this.tell({ failed: `${told} Or download the notebook and solve it in JupyterLab: make lab.` });
        reject(new Error(told));
      };
      const breakDown = (message) => {
        this.end();
        this.answered?.({ troubles: [], error: `Python broke down, and starts again next time. ${message}`, points: null });
      };
      this.worker.onerror = (event) => {
        event.preventDefault(); // told here
        (isReady ? breakDown : fail)(event.message || "the worker could not be loaded");
      };
      this.worker.onmessage = ({ data }) => {
        if (data.failed) return fail(data.failed);
        if (data.broken) return breakDown(data.broken);
        if (data.done) return this.answered(data.done);
        if (data.printed) return this.printed(data.printed);
        this.tell(data);
        if (data.ready) resolve((isReady = true));
      };
    });
    this.worker.postMessage({ start: this.settings });
    this.tell({ received: 1, file: "pyodide.mjs" });
  }

  // What autograder.inpage.run() says of a request; null where it was stopped. Raises when Python cannot be had.
  async run(request, printed) {
    if (!this.worker) this.start();
    this.stopped = new Promise((resolve) => (this.giveUp = () => resolve(null)));
    const stopped = this.stopped;
    const state = await Promise.race([this.ready, stopped]);
    if (state === null) return null;
    this.printed = printed;
    const done = new Promise((resolve) => (this.answered = resolve));
    this.worker.postMessage({ run: request });
    return Promise.race([done, stopped]);
  }

  stop() {
    this.end();
    this.tell({ stopped: true });
    this.giveUp?.();
  }

  // What a worker still says while it is ended (Pyodide throws then, at times) is not about the next one.
  end() {
    if (!this.worker) return;
    this.worker.onmessage = null;
    this.worker.onerror = (event) => event.preventDefault();
    this.worker.terminate();
    this.worker = null;
  }
}
