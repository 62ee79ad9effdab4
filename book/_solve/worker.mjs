// Python, in a worker of its own: what it is asked, it runs; what is printed is sent as it comes.

const MOST = 20_000; // characters shown of what one run prints
let python;

function watchFetches() {
  const plain = self.fetch;
  let received = 0, told = 0;
  self.fetch = async (resource, options) => {
    const response = await plain(resource, options);
    if (!response.ok || !response.body) return response;
    const count = new TransformStream({
      transform(chunk, controller) {
        received += chunk.length;
        controller.enqueue(chunk);
        if (performance.now() > told + 100) {
          told = performance.now();
          postMessage({ received, file: String(resource.url ?? resource).split("/").pop() });
        }
      },
    });
    const { status, headers } = response;
    return new Response(response.body.pipeThrough(count), { status, headers });
  };
}

async function start({ files, packages, book }) {
  watchFetches();
  const { loadPyodide } = await import(`${files}pyodide/pyodide.mjs`);
  const pack = fetch(`${files}course.zip`);
  pack.catch(() => {}); // told below
  python = await loadPyodide({ indexURL: `${files}pyodide/`, packageBaseUrl: packages, env: { CONVBOOK_URL: book } });
  python.setStdin({ error: true }); // nobody can be asked here
  const said = [];
  const errorCallback = (message) => said.push(message);
  await python.loadPackage("numpy", { messageCallback() {}, errorCallback }).catch((error) => said.push(error.message));
  if (!python.loadedPackages.numpy) throw new Error(`NumPy did not come from ${new URL(packages).host}. ${said.join(" ")}`);
  const answer = await pack;
  if (!answer.ok) throw new Error(`course.zip: ${answer.status}`);
  python.unpackArchive(await answer.arrayBuffer(), "zip", { extractDir: "/course" });
  python.runPython("import sys; sys.path.insert(0, '/course'); import autograder.inpage");
}

// What is printed goes out at once, and no more of it than anybody reads.
function printer() {
  const decoder = new TextDecoder();
  let left = MOST;
  return (buffer) => {
    if (left >= 0) {
      const text = decoder.decode(buffer, { stream: true });
      const more = text.length > left ? `\n… more than ${MOST} characters were printed; the rest is not shown\n` : "";
      postMessage({ printed: text.slice(0, left) + more });
      left = more ? -1 : left - text.length;
    }
    return buffer.length;
  };
}

self.onmessage = async ({ data }) => {
  if (data.start) {
    try {
      const from = performance.now();
      await start(data.start);
      postMessage({ ready: performance.now() - from });
    } catch (error) {
      postMessage({ failed: String(error.message ?? error) });
    }
    return;
  }
  const write = printer();
  python.setStdout({ write });
  python.setStderr({ write });
  try {
    postMessage({ done: JSON.parse(python.pyimport("autograder.inpage").run_json(JSON.stringify(data.run))) });
  } catch (error) {
    // autograder.inpage tells every error of Python's; this one is the machine's
    postMessage({ broken: String(error.message ?? error) });
  }
};
