import type { ReactNode } from "react";
import { Dialog as Frame, Heading, Modal, ModalOverlay } from "react-aria-components";

interface Props {
  title: string;
  /** Hides the title from sight, not from screen readers. */
  bare?: boolean;
  className?: string;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog over the page; Esc and a click beside it close it. */
export function Dialog({ title, bare, className = "", onClose, children }: Props) {
  return (
    <ModalOverlay className="scrim" isDismissable isOpen onOpenChange={(open) => !open && onClose()}>
      <Modal className={`dlg ${className}`}>
        <Frame className="dlgin" aria-label={bare ? title : undefined}>
          {!bare && (
            <Heading slot="title" className="dlgt">
              {title}
            </Heading>
          )}
          {children}
        </Frame>
      </Modal>
    </ModalOverlay>
  );
}
