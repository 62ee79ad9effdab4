// The editor, fetched when a reader opens the first one.

import {
  bracketMatching, closeBrackets, closeBracketsKeymap, defaultKeymap, drawSelection, EditorState, EditorView,
  HighlightStyle, highlightActiveLine, history, historyKeymap, indentOnInput, indentUnit, indentWithTab, keymap,
  lineNumbers, python, syntaxHighlighting, tags,
} from "./codemirror.mjs";

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--solve-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--solve-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--solve-number)" },
  { tag: tags.comment, color: "var(--solve-muted)", fontStyle: "italic" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], color: "var(--solve-name)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--solve-ink)", backgroundColor: "var(--solve-ground)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "2px solid var(--solve-accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--pst-font-family-monospace, monospace)", lineHeight: "1.5", maxHeight: "70vh" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--solve-muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--solve-line)" },
  ".cm-cursor": { borderLeftColor: "var(--solve-ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--solve-selected)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--solve-selected)" },
});

export function makeEditor(parent, { code, label, hint, onchange, onrun, oncheck }) {
  const bind = (key, act) => ({ key, run: () => (act(), true) });
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: code,
      extensions: [
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), indentOnInput(), bracketMatching(),
        closeBrackets(), python(), indentUnit.of("    "), syntaxHighlighting(colours), look,
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": hint }),
        keymap.of([
          bind("Shift-Enter", onrun), bind("Mod-Enter", oncheck),
          ...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab,
        ]),
        EditorView.updateListener.of((update) => update.docChanged && onchange(update.state.doc.toString())),
      ],
    }),
  });
  return {
    focus: () => view.focus(),
    replace: (words) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: words } }),
  };
}
