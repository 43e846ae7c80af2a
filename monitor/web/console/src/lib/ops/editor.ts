// The text editor for list files. In a module of its own, so that only those who edit load it.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language'
import { toml } from '@codemirror/legacy-modes/mode/toml'
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import type { LintReport } from './types'

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--accent)' },
  { tag: [tags.propertyName, tags.keyword], color: 'var(--ink)', fontWeight: '650' },
  { tag: [tags.number, tags.bool, tags.atom], color: 'var(--high-text, var(--warn))' },
])
const look = EditorView.theme({
  '&': { height: '100%', fontSize: '0.875rem', backgroundColor: 'var(--ground)', color: 'var(--ink)', borderRadius: '8px' },
  '&.cm-focused': { outline: '3px solid var(--accent)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', monospace", lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '0.6rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--panel)', color: 'var(--soft)', border: '0', borderRadius: '8px 0 0 8px' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--raised) 60%, transparent)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--accent) 30%, transparent)' },
  '.cm-panels': { backgroundColor: 'var(--panel)', color: 'var(--ink)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', color: 'var(--ink)', border: '1px solid var(--line)', borderRadius: '8px', overflow: 'hidden' },
})

export interface Editor {
  text: () => string
  /** Another file; the history of changes begins anew. */
  load: (text: string) => void
  mark: (report: LintReport | null) => void
  /** The cursor goes to a line, from 1. */
  go: (line: number) => void
  destroy: () => void
}

export function editor(into: HTMLElement, text: string, label: string, onchange: (text: string) => void, readonly: boolean): Editor {
  const made = (content: string): EditorState =>
    EditorState.create({
      doc: content,
      extensions: [
        lineNumbers(), lintGutter(), history(), drawSelection(), bracketMatching(), highlightActiveLine(), highlightActiveLineGutter(),
        highlightSelectionMatches(), EditorView.lineWrapping, look, syntaxHighlighting(colours), StreamLanguage.define(toml),
        // Tab indents; Esc before it lets Tab move on, as for everybody who works with the keyboard alone.
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, ...lintKeymap, indentWithTab]),
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorState.readOnly.of(readonly),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onchange(update.state.doc.toString())
        }),
      ],
    })
  const view = new EditorView({ state: made(text), parent: into })
  return {
    text: () => view.state.doc.toString(),
    load: (content) => view.setState(made(content)),
    mark: (report) => view.dispatch(setDiagnostics(view.state, report ? diagnostics(report, view.state) : [])),
    go: (line) => {
      const place = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines))
      view.dispatch({ selection: { anchor: place.from }, effects: EditorView.scrollIntoView(place.from, { y: 'center' }) })
      view.focus()
    },
    destroy: () => view.destroy(),
  }
}

function diagnostics(report: LintReport, state: EditorState): Diagnostic[] {
  const place = (line: number, column: number): { from: number; to: number } => {
    const at = state.doc.line(Math.min(Math.max(1, line), state.doc.lines))
    return { from: Math.min(at.from + Math.max(0, column - 1), at.to), to: at.to }
  }
  return [
    ...report.problems.map((one): Diagnostic => ({
      ...place(one.line, one.column), severity: 'error', message: one.mend ? `${one.reason}\n${one.mend}` : one.reason,
    })),
    ...report.remarks.filter((one) => one.line > 0).map((one): Diagnostic => ({
      ...place(one.line, 1),
      severity: one.grade === 'wrong' ? 'error' : one.grade === 'warning' ? 'warning' : 'info',
      message: one.mend ? `${one.what}\n${one.mend}` : one.what,
    })),
  ].sort((a, b) => a.from - b.from)
}
