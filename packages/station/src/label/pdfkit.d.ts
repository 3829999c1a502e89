/** The part of pdfkit that draws labels. Lengths are points. */
declare module 'pdfkit' {
  interface DocumentOptions {
    readonly size: readonly [width: number, height: number]
    readonly margin: number
    readonly compress: boolean
    readonly info: { readonly Title: string; readonly CreationDate: Date }
  }

  interface TextOptions {
    readonly lineBreak: false
    readonly baseline: 'alphabetic'
    readonly features: readonly string[]
  }

  export default class PDFDocument implements AsyncIterable<Uint8Array> {
    constructor(options: DocumentOptions)
    addPage(options: Pick<DocumentOptions, 'size' | 'margin'>): this
    rect(x: number, y: number, width: number, height: number): this
    fill(colour: string): this
    fillColor(colour: string): this
    font(name: 'Helvetica' | 'Courier'): this
    fontSize(size: number): this
    text(text: string, x: number, y: number, options: TextOptions): this
    end(): void
    [Symbol.asyncIterator](): AsyncIterator<Uint8Array>
  }
}
