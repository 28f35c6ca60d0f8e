import { Component, type ReactNode } from "react";
import { Failure } from "../kit/states";

/** Keeps a page that fails from taking the frame with it. */
export class PageGuard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <Failure error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}
