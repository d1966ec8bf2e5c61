import { readUint31 } from "./frame-reader.ts";
import {
  errorCode,
  Http2Error,
  initialFrameSize,
  initialTableSize,
  initialWindow,
  maxWindow,
  settingId,
} from "./words.ts";

/** What a peer told us it can take; until it did, what RFC 9113 §6.5.2 lets us assume. */
export class PeerSettings {
  tableSize = initialTableSize;
  /** Infinity until the peer says. */
  maxConcurrentStreams: number = Number.POSITIVE_INFINITY;
  window = initialWindow;
  frameSize = initialFrameSize;
  /** Octets of a header list; Infinity until the peer says. */
  maxListSize: number = Number.POSITIVE_INFINITY;
  extendedConnect = false;

  /**
   * Adopts the payload of a SETTINGS frame; unknown settings are passed over (RFC 9113 §6.5.2).
   *
   * @param fromServer a server may not turn push on
   * @throws Http2Error
   */
  adopt(bytes: Buffer, from: number, end: number, fromServer: boolean): void {
    for (let at = from; at < end; at += 6) {
      const id = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
      const value = readUint31(bytes, at + 2) + (((bytes[at + 2] ?? 0) & 0x80) === 0 ? 0 : 0x8000_0000);
      this.#set(id, value, fromServer);
    }
  }

  #set(id: number, value: number, fromServer: boolean): void {
    switch (id) {
      case settingId.HEADER_TABLE_SIZE:
        this.tableSize = value;
        break;
      case settingId.ENABLE_PUSH:
        if (value > (fromServer ? 0 : 1)) throw invalid("ENABLE_PUSH", value);
        break;
      case settingId.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        break;
      case settingId.INITIAL_WINDOW_SIZE:
        if (value > maxWindow) throw invalid("INITIAL_WINDOW_SIZE", value, errorCode.FLOW_CONTROL_ERROR);
        this.window = value;
        break;
      case settingId.MAX_FRAME_SIZE:
        if (value < initialFrameSize || value > 0xff_ffff) throw invalid("MAX_FRAME_SIZE", value);
        this.frameSize = value;
        break;
      case settingId.MAX_HEADER_LIST_SIZE:
        this.maxListSize = value;
        break;
      case settingId.ENABLE_CONNECT_PROTOCOL:
        // RFC 8441 §3: once given it cannot be taken back.
        if (value > 1 || (this.extendedConnect && value === 0))
          throw invalid("ENABLE_CONNECT_PROTOCOL", value);
        this.extendedConnect = value === 1;
        break;
    }
  }
}

function invalid(name: string, value: number, code: number = errorCode.PROTOCOL_ERROR): Http2Error {
  return new Http2Error(code, `SETTINGS_${name} ${value} is not allowed`);
}
